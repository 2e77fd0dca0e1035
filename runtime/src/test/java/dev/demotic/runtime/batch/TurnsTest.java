package dev.demotic.runtime.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose step computes when models share cores. */
@Timeout(300)
class TurnsTest {
    private final List<String> began = Collections.synchronizedList(new ArrayList<>());

    /** A model that takes one turn on a thread of its own. */
    private final class Turn {
        private final CountDownLatch mayEnd = new CountDownLatch(1);
        private final Thread thread;

        Turn(String name, Turns.Party party, long nanos) {
            thread = Thread.ofVirtual().start(() -> {
                party.begin();
                began.add(name);
                awaitEnd();
                party.end(nanos);
            });
        }

        private void awaitEnd() {
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        void end() {
            mayEnd.countDown();
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private Turn begin(Turns turns, String name, Turns.Party party, long nanos) {
        int waiting = turns.waiting();
        int computing = began.size();
        Turn turn = new Turn(name, party, nanos);
        while (turns.waiting() == waiting && began.size() == computing) {
            Thread.onSpinWait();
        }
        return turn;
    }

    @Test
    void thoseThatNeedAllCoresComputeOneAfterTheOther() {
        Turns turns = new Turns(2);
        Turn first = begin(turns, "first", turns.join(2), 10);
        Turn second = begin(turns, "second", turns.join(2), 10);
        assertThat(began).containsExactly("first");
        first.end();
        second.end();
        assertThat(began).containsExactly("first", "second");
    }

    @Test
    void thoseWithCoresOfTheirOwnComputeTogether() {
        Turns turns = new Turns(2);
        Turn first = begin(turns, "first", turns.join(1), 10);
        Turn second = begin(turns, "second", turns.join(1), 10);
        assertThat(began).containsExactly("first", "second");
        assertThat(turns.waiting()).isZero();
        first.end();
        second.end();
    }

    @Test
    void moreThreadsThanCoresAreNoObstacle() {
        Turns turns = new Turns(2);
        begin(turns, "only", turns.join(8), 10).end();
        assertThat(began).containsExactly("only");
    }

    @Test
    void whoHasHadLessTimeGoesFirst() {
        Turns turns = new Turns(1);
        Turns.Party target = turns.join(1);
        Turns.Party draft = turns.join(1);
        begin(turns, "target", target, 1000).end();
        begin(turns, "draft", draft, 10).end();

        Turn other = begin(turns, "other", turns.join(1), 10);
        Turn waitsLonger = begin(turns, "target", target, 1000);
        Turn waitsShorter = begin(turns, "draft", draft, 10);
        other.end();
        waitsShorter.end();
        waitsLonger.end();
        assertThat(began).containsExactly("target", "draft", "other", "draft", "target");
    }

    @Test
    void whoComesLateHasNoCredit() {
        Turns turns = new Turns(1);
        Turns.Party busy = turns.join(1);
        for (int i = 0; i < 5; i++) {
            begin(turns, "busy", busy, 100).end();
        }
        Turns.Party late = turns.join(1);
        begin(turns, "late", late, 150).end();
        began.clear();

        Turn other = begin(turns, "other", turns.join(1), 10);
        Turn again = begin(turns, "late", late, 150);
        Turn next = begin(turns, "busy", busy, 100);
        other.end();
        next.end();
        again.end();
        assertThat(began).containsExactly("other", "busy", "late");
    }

    @Test
    void othersAreQuietOnceTheirTurnEnds() {
        Turns turns = new Turns(2);
        Turns.Party one = turns.join(2);
        Turns.Party two = turns.join(2);
        Turn turn = begin(turns, "two", two, 10);
        long now = System.nanoTime();
        assertThat(one.othersQuietSince(now)).isEqualTo(now);
        assertThat(two.othersQuietSince(now)).isLessThanOrEqualTo(now);
        turn.end();
        long since = one.othersQuietSince(Long.MAX_VALUE);
        assertThat(since).isBetween(now, System.nanoTime());
        two.close();
        assertThat(one.othersQuietSince(now)).isEqualTo(Long.MIN_VALUE);
    }
}
