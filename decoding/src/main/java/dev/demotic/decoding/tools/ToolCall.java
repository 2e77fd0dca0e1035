package dev.demotic.decoding.tools;

/**
 * A call that a model asks for.
 *
 * @param name of the tool
 * @param arguments a JSON object, as the model wrote it
 */
public record ToolCall(String name, String arguments) {}
