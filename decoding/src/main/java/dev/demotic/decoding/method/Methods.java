package dev.demotic.decoding.method;

import static dev.demotic.decoding.method.Parameter.choice;
import static dev.demotic.decoding.method.Parameter.levels;
import static dev.demotic.decoding.method.Parameter.real;
import static dev.demotic.decoding.method.Parameter.whole;

import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.speculate.AcceptanceRule;
import dev.demotic.decoding.speculate.AutoDecoding;
import dev.demotic.decoding.speculate.BigLittleDecoding;
import dev.demotic.decoding.speculate.Chain;
import dev.demotic.decoding.speculate.DigitJudge;
import dev.demotic.decoding.speculate.DraftLength;
import dev.demotic.decoding.speculate.DraftModel;
import dev.demotic.decoding.speculate.Drafter;
import dev.demotic.decoding.speculate.Drawing;
import dev.demotic.decoding.speculate.DynamicTree;
import dev.demotic.decoding.speculate.ForeignDraftModel;
import dev.demotic.decoding.speculate.LikelihoodJudge;
import dev.demotic.decoding.speculate.Lookahead;
import dev.demotic.decoding.speculate.PastReplies;
import dev.demotic.decoding.speculate.Pearl;
import dev.demotic.decoding.speculate.PromptLookup;
import dev.demotic.decoding.speculate.Rejection;
import dev.demotic.decoding.speculate.SpecDecPlusPlus;
import dev.demotic.decoding.speculate.SpecReason;
import dev.demotic.decoding.speculate.SpeculativeDecoding;
import dev.demotic.decoding.speculate.StaticTree;
import dev.demotic.decoding.speculate.StepEnd;
import dev.demotic.decoding.speculate.StepJudge;
import dev.demotic.decoding.speculate.StochasticBeam;
import dev.demotic.decoding.speculate.SuffixLookup;
import dev.demotic.decoding.speculate.Swift;
import dev.demotic.decoding.speculate.TokenRecycling;
import dev.demotic.decoding.speculate.TypicalAcceptance;
import dev.demotic.decoding.speculate.WhileConfident;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** All decoding methods. A new one is one more entry here. */
public final class Methods {
    private static final int MOST = SpeculativeDecoding.MAX_NODES - 1;

    private static final String MOST_TOKENS = "most tokens of a draft";
    private static final Parameter TOKENS_5 = whole("tokens", 5, 1, MOST, "tokens of a draft");

    private static final List<Method> ALL = List.of(
            new Method("plain", "One token a pass", "", true, DraftUse.NONE, List.of(), (_, _) -> new PlainDecoding()),
            new Method(
                    "auto",
                    "Drafts by whatever pays best at the moment, and not at all where nothing does",
                    "after Liu et al., 2024, arXiv 2406.14066 (SmartSpec)",
                    true,
                    DraftUse.OPTIONAL,
                    List.of(whole("tokens", 32, 1, MOST, MOST_TOKENS)),
                    (target, settings) -> AutoDecoding.of(target, settings.draftModel(), settings.whole("tokens"))),
            new Method(
                    "draft",
                    "A smaller model of the same vocabulary drafts a chain",
                    "Leviathan et al., 2023, arXiv 2211.17192",
                    true,
                    DraftUse.REQUIRED,
                    List.of(TOKENS_5),
                    (target, settings) -> speculative(
                            DraftModel.of(settings.draft(), target, new Chain()), settings.whole("tokens"))),
            new Method(
                    "pearl",
                    "A smaller model drafts the next block while the target verifies the last one",
                    "Liu et al., 2024, arXiv 2408.11850 (PEARL)",
                    true,
                    DraftUse.AT_ONCE,
                    List.of(whole(
                            "tokens", 0, 0, Pearl.MOST_TOKENS, "tokens of a block; 0 for the models' speed ratio")),
                    (target, settings) -> Pearl.of(settings.draft(), target, settings.whole("tokens"))),
            new Method(
                    "specdec++",
                    "A smaller model drafts a chain until a rejection is likely",
                    "Huang et al., 2024, arXiv 2405.19715 (SpecDec++), without its trained head",
                    true,
                    DraftUse.REQUIRED,
                    List.of(
                            whole("tokens", 20, 1, MOST, MOST_TOKENS),
                            real("threshold", 0.7, 0, 1, "a draft ends when a rejection is likelier than this")),
                    (target, settings) -> new SpeculativeDecoding(
                            DraftModel.of(settings.draft(), target, new Chain()),
                            new Rejection(),
                            SpecDecPlusPlus.calibrated(settings.real("threshold"), settings.whole("tokens")))),
            new Method(
                    "tree",
                    "A smaller model drafts a tree of fixed branching",
                    "Miao et al., 2024, arXiv 2305.09781 (SpecInfer)",
                    true,
                    DraftUse.REQUIRED,
                    List.of(
                            levels("branching", "3x2x1x1", "children of each node, level by level"),
                            choice(
                                    "siblings",
                                    "how siblings are chosen above temperature 0",
                                    "without",
                                    "with",
                                    "top")),
                    Methods::tree),
            new Method(
                    "rsd-c",
                    "A smaller model draws a tree of fixed branching whose siblings all differ",
                    "Jeon et al., 2024, arXiv 2402.14160 (RSD-C)",
                    true,
                    DraftUse.REQUIRED,
                    List.of(levels("branching", "3x2x1x1", "children of each node, level by level")),
                    (target, settings) ->
                            staticTree(target, settings, settings.levels("branching"), Drawing.WITHOUT_REPLACEMENT)),
            new Method(
                    "rsd-s",
                    "A smaller model draws as many different paths by stochastic beam search",
                    "Jeon et al., 2024, arXiv 2402.14160 (RSD-S)",
                    true,
                    DraftUse.REQUIRED,
                    List.of(
                            whole("width", 3, 1, 64, "tokens of each level, and so the paths"),
                            whole("depth", 4, 1, MOST, "levels, tokens of the longest path")),
                    (target, settings) -> {
                        int depth = settings.whole("depth");
                        return speculative(
                                DraftModel.of(
                                        settings.draft(), target, new StochasticBeam(settings.whole("width"), depth)),
                                depth);
                    }),
            new Method(
                    "dynamic",
                    "A smaller model drafts a tree that grows where it is confident",
                    "Li et al., 2024, arXiv 2406.16858 (EAGLE-2)",
                    true,
                    DraftUse.REQUIRED,
                    List.of(
                            whole("width", 3, 1, 64, "nodes that a level expands, and children of each"),
                            whole("nodes", 12, 1, MOST, "tokens that are verified"),
                            whole("tokens", 5, 1, MOST, "tokens of the longest path")),
                    (target, settings) -> speculative(
                            DraftModel.of(
                                    settings.draft(),
                                    target,
                                    new DynamicTree(settings.whole("width"), settings.whole("nodes"))),
                            settings.whole("tokens"))),
            new Method(
                    "foreign",
                    "A smaller model of another vocabulary drafts",
                    "Timor et al., 2025, arXiv 2502.05202; Ramakrishnan et al., 2025, arXiv 2507.02659 (OmniDraft)",
                    true,
                    DraftUse.REQUIRED,
                    List.of(
                            TOKENS_5,
                            choice(
                                    "exchange",
                                    "by learnt n-grams, by text, or only tokens of both vocabularies",
                                    "ngrams",
                                    "text",
                                    "shared"),
                            whole("cache", 4096, 0, 1 << 24, "n-grams that are remembered")),
                    Methods::foreign),
            new Method(
                    "lookup",
                    "Copies what followed the last words when they came before",
                    "Saxena, 2023, github.com/apoorvumang/prompt-lookup-decoding",
                    true,
                    DraftUse.NONE,
                    List.of(
                            whole("tokens", 10, 1, MOST, MOST_TOKENS),
                            whole("longest", 3, 1, 64, "tokens of the longest match that is looked for"),
                            whole("shortest", 1, 1, 64, "tokens of the shortest")),
                    (_, settings) -> speculative(
                            new PromptLookup(settings.whole("longest"), settings.whole("shortest")),
                            settings.whole("tokens"))),
            new Method(
                    "suffix",
                    "Copies what followed the longest match, found by a suffix automaton",
                    "Hu et al., 2024, arXiv 2411.10666 (SAM Decoding)",
                    true,
                    DraftUse.NONE,
                    List.of(
                            whole("tokens", 16, 1, MOST, MOST_TOKENS),
                            whole("match", 2, 1, 64, "tokens of the shortest match that is used")),
                    (_, settings) -> speculative(new SuffixLookup(settings.whole("match")), settings.whole("tokens"))),
            new Method(
                    "suffix-draft",
                    "The same where the match is long, else a smaller model drafts a chain",
                    "Hu et al., 2024, arXiv 2411.10666 (SAM Decoding)",
                    true,
                    DraftUse.REQUIRED,
                    List.of(TOKENS_5, whole("match", SuffixLookup.LONG_MATCH, 1, 64, "tokens of a match that is long")),
                    (target, settings) -> speculative(
                            new SuffixLookup(
                                    settings.whole("match"), DraftModel.of(settings.draft(), target, new Chain())),
                            settings.whole("tokens"))),
            new Method(
                    "past",
                    "Drafts from earlier replies, by how often they went on so",
                    "Oliaro et al., 2024, arXiv 2411.04975 (SuffixDecoding)",
                    true,
                    DraftUse.NONE,
                    List.of(
                            whole("tokens", 16, 1, MOST, MOST_TOKENS),
                            whole("memory", 65_536, 1, 1 << 24, "tokens of replies that are remembered")),
                    (_, settings) -> speculative(new PastReplies(settings.whole("memory")), settings.whole("tokens"))),
            new Method(
                    "recycling",
                    "Drafts from what the target last found likely after each token",
                    "Luo et al., 2024, arXiv 2408.08696",
                    true,
                    DraftUse.NONE,
                    List.of(
                            whole("nodes", 10, 1, MOST, "tokens of the tree"),
                            whole("tokens", 6, 1, MOST, "tokens of the longest path")),
                    (target, settings) -> speculative(
                            new TokenRecycling(target.config().vocabulary(), settings.whole("nodes")),
                            settings.whole("tokens"))),
            new Method(
                    "lookahead",
                    "Collects n-grams from Jacobi iterations beside each pass",
                    "Fu et al., 2024, arXiv 2402.02057",
                    true,
                    DraftUse.NONE,
                    List.of(
                            whole("columns", 5, 1, 64, "positions of the window"),
                            whole("size", 3, 2, 16, "tokens of an n-gram"),
                            whole("drafts", 4, 1, 64, "n-grams that are verified at once")),
                    (_, settings) -> {
                        Lookahead lookahead = new Lookahead(
                                settings.whole("columns"), settings.whole("size"), settings.whole("drafts"));
                        return speculative(lookahead, lookahead.depth());
                    }),
            new Method(
                    "swift",
                    "Drafts with some of the target's own layers skipped, and searches for the best ones",
                    "Xia et al., 2024, arXiv 2410.06916 (SWIFT)",
                    true,
                    DraftUse.NONE,
                    List.of(
                            real("skip", 0.45, 0, 0.9, "share of the inner layers that are skipped; at least one is"),
                            whole("tokens", 25, 1, MOST, MOST_TOKENS),
                            real("confidence", 0.8, 0, 1, "a draft ends with a token less likely than this"),
                            whole("choices", 3, 1, 10, "most tokens offered at each depth"),
                            whole("window", 32, 1, 256, "tokens that a set of layers is tried on"),
                            whole("interval", 8, 1, 1 << 24, "rounds from one trial to the next"),
                            whole("trials", 64, 0, 1 << 16, "most sets that are tried")),
                    Methods::swift),
            new Method(
                    "typical",
                    "A smaller model drafts, and what is likely enough is accepted",
                    "Cai et al., 2024, arXiv 2401.10774 (Medusa)",
                    false,
                    DraftUse.REQUIRED,
                    List.of(
                            TOKENS_5,
                            real("epsilon", 0.09, 1e-6, 1, "the highest bar"),
                            real("delta", 0.3, 1e-6, 1, "scales the bar of flat distributions")),
                    (target, settings) -> lossy(
                            target, settings, new TypicalAcceptance(settings.real("epsilon"), settings.real("delta")))),
            new Method(
                    "lenient",
                    "A smaller model drafts, and is given the benefit of the doubt",
                    "Leviathan et al., 2023, arXiv 2211.17192, appendix A.5",
                    false,
                    DraftUse.REQUIRED,
                    List.of(
                            TOKENS_5,
                            real("lenience", 0.5, 1e-6, 1, "no token becomes more than 1 / lenience times as likely")),
                    (target, settings) -> lossy(target, settings, new Rejection(settings.real("lenience")))),
            new Method(
                    "bild",
                    "A smaller model writes until it is unsure, and the larger takes back what surprises it",
                    "Kim et al., 2023, arXiv 2302.07863 (BiLD)",
                    false,
                    DraftUse.REQUIRED,
                    List.of(
                            whole("tokens", 10, 1, MOST, "most tokens that the smaller model writes at once"),
                            real("fallback", 0.6, 0, 1, "probability below which its best token makes it unsure"),
                            real("rollback", 5, 0, 1000, "surprise, in nats, above which a token is taken back")),
                    (target, settings) -> BigLittleDecoding.of(
                            settings.draft(),
                            target,
                            settings.real("fallback"),
                            settings.real("rollback"),
                            settings.whole("tokens"))),
            new Method(
                    "specreason",
                    "A smaller model writes reasoning steps, and the larger scores them and rewrites poor ones",
                    "Pan et al., 2025, arXiv 2504.07891 (SpecReason)",
                    false,
                    DraftUse.REQUIRED,
                    List.of(
                            real("threshold", 7, 0, 10, "least score of a step that is kept: 0 keeps all, 10 none"),
                            choice(
                                    "judge",
                                    "scores by how likely the larger model finds a step, by the digit that it rates it with, or by"
                                            + " the mean of these digits",
                                    "likelihood",
                                    "digit",
                                    "mean-digit"),
                            choice("step", "what ends a step", "blank-line", "line"),
                            whole("tokens", MOST, 1, MOST, "most tokens of a step"),
                            whole("first", 0, 0, 1 << 16, "steps that the larger model writes before all others"),
                            whole("draft", 5, 0, MOST, "tokens that the smaller model drafts where the larger writes")),
                    Methods::specReason));

    private Methods() {}

    /** All of them, in the order in which people read them. */
    public static List<Method> all() {
        return ALL;
    }

    /** @throws DemoticException if there is none of this name */
    public static Method named(String name) {
        return ALL.stream()
                .filter(method -> method.name().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new DemoticException("there is no method '%s'; there are %s"
                        .formatted(name, ALL.stream().map(Method::name).collect(Collectors.joining(", ")))));
    }

    private static SpeculativeDecoding speculative(Drafter drafter, int tokens) {
        return new SpeculativeDecoding(drafter, tokens);
    }

    private static SpeculativeDecoding lossy(LanguageModel target, Settings settings, AcceptanceRule rule) {
        Drafter drafter = DraftModel.of(settings.draft(), target, new Chain());
        return new SpeculativeDecoding(drafter, rule, DraftLength.fixed(settings.whole("tokens")));
    }

    private static SpeculativeDecoding swift(LanguageModel target, Settings settings) {
        Drafter drafter = Swift.of(
                target,
                settings.real("skip"),
                settings.whole("choices"),
                settings.whole("window"),
                settings.whole("interval"),
                settings.whole("trials"));
        DraftLength length = new WhileConfident(settings.whole("tokens"), settings.real("confidence"));
        return new SpeculativeDecoding(drafter, new Rejection(), length);
    }

    private static SpecReason specReason(LanguageModel target, Settings settings) {
        StepJudge judge = switch (settings.text("judge")) {
            case "digit" -> DigitJudge.of(target, DigitJudge.Scoring.GREEDY);
            case "mean-digit" -> DigitJudge.of(target, DigitJudge.Scoring.MEAN);
            default -> new LikelihoodJudge();
        };
        StepEnd end = settings.text("step").equals("line") ? StepEnd.LINE : StepEnd.BLANK_LINE;
        SpecReason.Steps steps = new SpecReason.Steps(end, settings.whole("tokens"), settings.whole("first"));
        return SpecReason.of(
                settings.draft(), target, judge, settings.real("threshold"), steps, settings.whole("draft"));
    }

    private static SpeculativeDecoding tree(LanguageModel target, Settings settings) {
        Drawing drawing = switch (settings.text("siblings")) {
            case "with" -> Drawing.WITH_REPLACEMENT;
            case "top" -> Drawing.POINT_MASS;
            default -> Drawing.WITHOUT_REPLACEMENT;
        };
        return staticTree(target, settings, settings.levels("branching"), drawing);
    }

    private static SpeculativeDecoding staticTree(
            LanguageModel target, Settings settings, int[] branching, Drawing drawing) {
        return speculative(
                DraftModel.of(settings.draft(), target, new StaticTree(branching, drawing)), branching.length);
    }

    private static SpeculativeDecoding foreign(LanguageModel target, Settings settings) {
        LanguageModel draft = settings.draft();
        Drafter drafter = switch (settings.text("exchange")) {
            case "text" -> ForeignDraftModel.byText(draft, target);
            case "shared" -> ForeignDraftModel.byIntersection(draft, target, new Chain());
            default -> ForeignDraftModel.byNGrams(draft, target, settings.whole("cache"));
        };
        return speculative(drafter, settings.whole("tokens"));
    }
}
