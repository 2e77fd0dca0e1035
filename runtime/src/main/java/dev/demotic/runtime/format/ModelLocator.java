package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelLocation.Kind;
import dev.demotic.runtime.format.hub.Hub;
import dev.demotic.runtime.format.hub.HubReference;
import dev.demotic.runtime.format.hub.PulledModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Finds what {@code --model} names: a GGUF file, a Hugging Face folder, or a model pulled from the hub. */
public final class ModelLocator {
    private final Hub hub;

    public ModelLocator(Hub hub) {
        this.hub = hub;
    }

    /**
     * Looks for a file or folder first, then for a pulled model; {@code hf:} in front leaves out the first. Touches no
     * network.
     *
     * @throws DemoticException if nothing is found, or what is found is no model
     */
    public ModelLocation locate(String model) {
        if (!model.startsWith("hf:")) {
            try {
                Path path = Path.of(model);
                if (!model.isBlank() && Files.exists(path)) {
                    return onDisk(path);
                }
            } catch (InvalidPathException e) {
                // no path, so it can only be the name of a pulled model
            }
        }
        if (!HubReference.isReference(model)
                || endsWith(HubReference.parse(model).name(), ".gguf")) {
            throw new DemoticException("there is no file or folder \"" + model
                    + "\"; give a GGUF file, a Hugging Face folder, or a pulled model that `demotic list` shows");
        }
        HubReference reference = HubReference.parse(model);
        return hub.find(reference)
                .map(PulledModel::path)
                .map(ModelLocator::onDisk)
                .orElseThrow(
                        () -> new DemoticException("no model \"" + model + "\" is on disk or among the pulled ones in "
                                + hub.cache() + "; get it with `demotic pull " + reference
                                + "`, or see with `demotic list` what there is"));
    }

    private static ModelLocation onDisk(Path path) {
        if (!Files.isDirectory(path)) {
            if (endsWith(path.toString(), ".safetensors")) {
                throw new DemoticException(
                        path + " is only the weights of a model; give the folder that holds it with config.json");
            }
            return new ModelLocation(path, Kind.GGUF_FILE);
        }
        if (!Files.exists(path.resolve("config.json"))) {
            List<String> ggufs = ggufs(path);
            throw new DemoticException("the folder " + path + " holds no config.json, so it is no Hugging Face model; "
                    + (ggufs.isEmpty() ? "give another folder" : "give one of its files: " + String.join(", ", ggufs)));
        }
        return new ModelLocation(path, Kind.HUGGING_FACE_FOLDER);
    }

    private static List<String> ggufs(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(Path::toString)
                    .filter(name -> endsWith(name, ".gguf"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static boolean endsWith(String name, String extension) {
        return name.toLowerCase(Locale.ROOT).endsWith(extension);
    }
}
