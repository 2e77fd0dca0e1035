package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * The chat templates of a model folder by name; the usual one is named {@code default}.
 *
 * <p>Template files of their own win over templates in chat_template.json, and those over tokenizer_config.json, as
 * transformers has it.
 */
record ChatTemplates(Map<String, String> byName) {
    private static final String DEFAULT = "default";
    private static final String JINJA = ".jinja";

    static ChatTemplates read(Path folder) {
        Map<String, String> templates = new TreeMap<>();
        for (String file : new String[] {"tokenizer_config.json", "chat_template.json"}) {
            collect(Config.readIfThere(folder.resolve(file)), templates);
        }
        Path single = folder.resolve("chat_template.jinja");
        if (Files.exists(single)) {
            templates.put(DEFAULT, Config.text(single));
        }
        Path others = folder.resolve("additional_chat_templates");
        if (Files.isDirectory(others)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(others, "*" + JINJA)) {
                for (Path file : files) {
                    String name = String.valueOf(file.getFileName());
                    templates.put(name.substring(0, name.length() - JINJA.length()), Config.text(file));
                }
            } catch (IOException e) {
                throw new DemoticException("cannot read " + others + ": " + e.getMessage(), e);
            }
        }
        return new ChatTemplates(templates);
    }

    /** Takes a template that is a string, or a list of templates with their names. */
    private static void collect(Config config, Map<String, String> templates) {
        JsonNode template = config.node("chat_template");
        if (template.isString()) {
            templates.put(DEFAULT, template.stringValue());
        } else if (template.isArray()) {
            for (JsonNode named : template) {
                if (!named.path("name").isString() || !named.path("template").isString()) {
                    throw config.misfit("chat_template", "a string, or a list of objects with name and template");
                }
                templates.put(
                        named.get("name").stringValue(), named.get("template").stringValue());
            }
        } else if (config.has("chat_template")) {
            throw config.misfit("chat_template", "a string, or a list of objects with name and template");
        }
    }

    void writeTo(Metadata metadata) {
        Map<String, String> others = new TreeMap<>();
        byName.forEach((name, template) -> {
            if (name.equals(DEFAULT)) {
                metadata.put("tokenizer.chat_template", template);
            } else {
                others.put(name.replaceAll("[^A-Za-z0-9]", "_"), template);
            }
        });
        if (!others.isEmpty()) {
            metadata.put("tokenizer.chat_templates", others.keySet().toArray(String[]::new));
            others.forEach((name, template) -> metadata.put("tokenizer.chat_template." + name, template));
        }
    }
}
