package dev.demotic.cli;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "run", description = "x")
final class RunCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Parameters
    private String prompt;

    RunCommand(Console console) {
        this.console = console;
    }

    static void t(String what) {
        System.err.println(what + " "
                + (System.currentTimeMillis()
                        - ProcessHandle.current().info().startInstant().get().toEpochMilli()));
    }

    @Override
    public Integer call() {
        t("call");
        try (LanguageModel model = engine.open(console);
                Sequence s = model.newSequence()) {
            t("open");
            String text = model.chatTemplate().render(Conversation.of(ChatMessage.user(prompt)));
            t("render");
            var stream = model.tokenizer().stream();
            int[] ids = model.tokenizer().encodeWithSpecials(text);
            t("encode " + ids.length);
            Outputs o = s.append(ids);
            t("prefill");
            for (int i = 0; i < 64; i++) {
                int t = o.argmax(o.last());
                if ((i == 0 || i == 1 || i == 10 || i == 40) && console.isSet("DEMOTIC_TIME")) {
                    console.note("first "
                            + (System.currentTimeMillis()
                                    - ProcessHandle.current()
                                            .info()
                                            .startInstant()
                                            .get()
                                            .toEpochMilli()));
                }
                if (model.tokenizer().stopTokens().contains(t)) {
                    break;
                }
                console.print(stream.next(t));
                o = s.append(t);
            }
            console.println(stream.flush());
        }
        return 0;
    }
}
