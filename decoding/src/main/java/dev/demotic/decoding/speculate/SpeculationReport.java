package dev.demotic.decoding.speculate;

import dev.demotic.decoding.MethodReport;

/** The account of a method that drafts. */
public interface SpeculationReport extends MethodReport {
    SpeculationStatistics statistics();
}
