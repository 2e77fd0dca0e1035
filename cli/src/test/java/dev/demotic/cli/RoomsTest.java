package dev.demotic.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Which room may know which, as docs/architecture.md draws it. */
class RoomsTest {
    private static JavaClasses demotic;

    @BeforeAll
    static void read() {
        demotic = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.demotic");
    }

    @Test
    void theRuntimeKnowsNothingOfDecoding() {
        noClasses()
                .that()
                .resideInAPackage("dev.demotic.runtime..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.demotic.decoding..", "dev.demotic.cli..", "dev.demotic.bench..", "dev.demotic.models..")
                .check(demotic);
    }

    @Test
    void decodingSeesTheWaistOnly() {
        classes()
                .that()
                .resideInAPackage("dev.demotic.decoding..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.demotic.decoding..",
                        "dev.demotic.runtime",
                        "dev.demotic.runtime.tokenizer",
                        "dev.demotic.runtime.template",
                        "dev.demotic.runtime.model",
                        "java..",
                        "org.jspecify..")
                .check(demotic);
    }

    @Test
    void benchStandsOnRuntimeAndDecoding() {
        noClasses()
                .that()
                .resideInAPackage("dev.demotic.bench..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.demotic.cli..", "dev.demotic.models..")
                .check(demotic);
    }

    @Test
    void theServerStandsOnRuntimeAndDecoding() {
        noClasses()
                .that()
                .resideInAPackage("dev.demotic.server..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.demotic.cli..", "dev.demotic.bench..", "dev.demotic.models..")
                .check(demotic);
    }

    @Test
    void modelsStandAlone() {
        classes()
                .that()
                .resideInAPackage("dev.demotic.models..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.demotic.models..", "java..", "org.jspecify..")
                .check(demotic);
    }

    @Test
    void nobodyKnowsTheCommand() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.demotic.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.demotic.cli..")
                .check(demotic);
    }

    @Test
    void roomsDependOnEachOtherOneWay() {
        slices().matching("dev.demotic.(*)..").should().beFreeOfCycles().check(demotic);
    }
}
