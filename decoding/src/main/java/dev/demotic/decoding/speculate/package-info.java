/**
 * Speculative decoding: a drafter proposes, one pass of the target model verifies.
 *
 * <p>{@link dev.demotic.decoding.speculate.SpeculativeDecoding} is the loop. A {@link
 * dev.demotic.decoding.speculate.Drafter} fills a {@link dev.demotic.decoding.speculate.DraftTree}, a {@link
 * dev.demotic.decoding.speculate.DraftLength} says how deep, an {@link dev.demotic.decoding.speculate.AcceptanceRule} decides
 * which path of it comes true.
 */
@NullMarked
package dev.demotic.decoding.speculate;

import org.jspecify.annotations.NullMarked;
