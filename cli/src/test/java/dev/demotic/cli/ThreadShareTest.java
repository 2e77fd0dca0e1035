package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ThreadShareTest {
    private static final MethodCall PEARL = MethodCall.parse("pearl");
    private static final MethodCall DRAFT = MethodCall.parse("draft");

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "2, 1, 1", "3, 2, 1", "8, 6, 2", "9, 7, 2"})
    void modelsThatComputeAtOnceGetThreadsOfTheirOwn(int all, int target, int draft) {
        ThreadShare share = ThreadShare.of(all, Optional.empty(), PEARL);
        assertThat(share.target()).isEqualTo(target);
        assertThat(share.draft()).isEqualTo(draft);
        assertThat(share.isApart()).isEqualTo(all > 1);
    }

    @Test
    void othersTakeTurnsAtAllThreadsUnlessTheUserSaysOtherwise() {
        assertThat(ThreadShare.of(4, Optional.empty(), DRAFT)).isEqualTo(ThreadShare.turns(4));
        assertThat(ThreadShare.turns(4).target()).isEqualTo(4);
        assertThat(ThreadShare.turns(4).draft()).isEqualTo(4);
        ThreadShare share = ThreadShare.of(4, Optional.of(3), DRAFT);
        assertThat(share.target()).isEqualTo(1);
        assertThat(share.draft()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"0", "4", "-1"})
    void eachModelKeepsAThread(int aside) {
        assertThatThrownBy(() -> ThreadShare.of(4, Optional.of(aside), PEARL))
                .isInstanceOf(DemoticException.class)
                .hasMessage("--draft-threads is %d, but must leave each model at least one of 4 threads", aside);
    }
}
