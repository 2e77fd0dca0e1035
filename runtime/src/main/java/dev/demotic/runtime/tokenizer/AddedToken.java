package dev.demotic.runtime.tokenizer;

/**
 * A token that is matched in the text as it stands, before anything else is cut.
 *
 * @param pattern the text that it matches
 * @param special steers the model, such as BOS; never matches in user text
 * @param leftStrip swallows white space before it
 * @param rightStrip swallows white space after it
 * @param singleWord matches only where no word character is next to it
 */
record AddedToken(String pattern, int id, boolean special, boolean leftStrip, boolean rightStrip, boolean singleWord) {}
