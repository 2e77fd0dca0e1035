package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a repository that make up the model a reference asks for.
 *
 * @param gguf the one GGUF file, or empty for a folder of safetensors
 */
record Selection(Optional<String> gguf, List<RepositoryFile> files) {
    /** What a Hugging Face folder needs beside its weights; subfolders hold other formats. */
    private static final Pattern SETTINGS =
            Pattern.compile("config\\.json|generation_config\\.json|tokenizer[^/]*\\.json"
                    + "|tokenizer\\.model|special_tokens_map\\.json|added_tokens\\.json|vocab\\.json|merges\\.txt"
                    + "|chat_template\\.(?:jinja|json)");

    private static final Pattern WEIGHTS = Pattern.compile("[^/]+\\.safetensors(?:\\.index\\.json)?");
    /** The names that transformers gives; beside them, other files hold the same weights once more. */
    private static final Pattern USUAL_WEIGHTS =
            Pattern.compile("model(?:-\\d{5}-of-\\d{5})?\\.safetensors(?:\\.index\\.json)?");

    /**
     * Selects from all files of the repository.
     *
     * @throws DemoticException if no model is among them, it is not clear which, or a file name is unsafe
     */
    static Selection of(HubReference reference, List<RepositoryFile> files) {
        List<String> ggufs = files.stream()
                .map(RepositoryFile::name)
                .filter(GgufChoice::isModel)
                .toList();
        Selection selection = ggufs.isEmpty() ? folder(reference, files) : gguf(reference, files, ggufs);
        selection.files.forEach(file -> SafeName.require(file.name()));
        return selection;
    }

    private static Selection gguf(HubReference reference, List<RepositoryFile> files, List<String> ggufs) {
        String chosen = GgufChoice.choose(reference, ggufs);
        return new Selection(
                Optional.of(chosen),
                files.stream()
                        .filter(file -> file.name().equals(chosen))
                        .limit(1)
                        .toList());
    }

    private static Selection folder(HubReference reference, List<RepositoryFile> files) {
        if (reference.file().isPresent()) {
            throw new DemoticException(reference.repository() + " holds no GGUF file, so \""
                    + reference.file().get() + "\" cannot be picked from it; pull the whole model with "
                    + reference.withFile(Optional.empty()));
        }
        List<RepositoryFile> weights = named(files, USUAL_WEIGHTS);
        if (!hasTensors(weights)) {
            weights = named(files, WEIGHTS);
        }
        List<RepositoryFile> settings = named(files, SETTINGS);
        if (!hasTensors(weights)
                || settings.stream().noneMatch(file -> file.name().equals("config.json"))) {
            throw new DemoticException(reference.repository()
                    + " holds neither a GGUF file nor config.json with safetensors; pull a repository that does");
        }
        return new Selection(
                Optional.empty(),
                Stream.concat(settings.stream(), weights.stream()).toList());
    }

    private static boolean hasTensors(List<RepositoryFile> weights) {
        return weights.stream().anyMatch(file -> file.name().endsWith(".safetensors"));
    }

    private static List<RepositoryFile> named(List<RepositoryFile> files, Pattern pattern) {
        return files.stream()
                .filter(file -> pattern.matcher(file.name()).matches())
                .toList();
    }
}
