//! The keys of a model's configuration, declared once for the reader and for the JSON Schema.

/// The form of a key's value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Any text. A number is taken as written.
    Text,
    /// A text that is not blank.
    FilledText,
    /// `OWNER/NAME`.
    Model,
    /// `true` or `false`.
    Boolean,
    /// A whole number, not negative.
    Number,
    /// Any number.
    Decimal,
    /// A mapping of inputs to values of any form.
    Inputs,
    /// A list of texts.
    Texts,
    List(&'static Section),
    /// A mapping with keys of its own.
    Section(&'static Section),
    /// Such a mapping, or a list of them.
    Sections(&'static Section),
    /// A text that is not blank, or a list of such texts.
    FilledTexts,
    /// `true` or `false`, or a text.
    Reason,
    /// One of these words, or a list of them.
    Words(&'static [&'static str]),
    /// A number, or `min` and `max`.
    Range,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct FileKey {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// One line about it.
    pub(super) help: &'static str,
    /// What is used when it is absent, for a key that no setting declares.
    pub(super) otherwise: Option<&'static str>,
}

impl FileKey {
    const fn otherwise(self, text: &'static str) -> Self {
        Self { otherwise: Some(text), ..self }
    }
}

/// A mapping and its keys.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) keys: &'static [FileKey],
    /// The keys without which it means nothing.
    pub(super) required: &'static [&'static str],
    /// Keys of which at most one may be present.
    pub(super) exclusive: &'static [&'static str],
}

impl Section {
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

const fn key(name: &'static str, form: Form, help: &'static str) -> FileKey {
    FileKey { name, form, help, otherwise: None }
}

/// The file.
pub(super) const ROOT: Section = Section {
    keys: &[
        key("model", Form::Model, "Live model"),
        key("test_model", Form::Model, "Private model to test on"),
        key("test_hardware", Form::Text, "Hardware of the test model, if it is created"),
        key("predict", Form::Section(&PREDICT), "Predictions to test with"),
        key("train", Form::Section(&TRAIN), "Trainings to test with"),
        key("deployment", Form::Section(&DEPLOYMENT), "Deployment to update after a push to the live model"),
        key("dockerfile", Form::Text, "Dockerfile of the project"),
        key("parallel", Form::Number, "Number of concurrent predictions"),
        key("fast_push", Form::Boolean, "Accepted for compatibility, without effect"),
        key("use_cog_base_image", Form::Boolean, "Whether to start from a cog-base image"),
        key("ignore_schema_compatibility", Form::Boolean, "Report incompatible schemas as warnings"),
        key("official_model", Form::Model, "Official model to push to with --push-official-model"),
    ],
    required: &["model"],
    exclusive: &[],
};

pub(super) const PREDICT: Section = Section {
    keys: &[
        key("compare_outputs", Form::Boolean, "Compare outputs with the live version").otherwise("true"),
        key("predict_timeout", Form::Number, "Time limit of a prediction in seconds, from its start"),
        key("test_cases", Form::List(&TEST_CASE), "Test cases"),
        key("fuzz", Form::Section(&FUZZ), "Fuzz inputs"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const TRAIN: Section = Section {
    keys: &[
        key("destination", Form::Model, "Model that receives trained versions").otherwise("TEST_MODEL-dest"),
        key("destination_hardware", Form::Text, "Hardware of the destination, if it is created").otherwise("cpu"),
        key("train_timeout", Form::Number, "Time limit of a training in seconds, from its start"),
        key("test_cases", Form::List(&TEST_CASE), "Test cases"),
        key("fuzz", Form::Section(&FUZZ), "Fuzz inputs"),
    ],
    required: &[],
    exclusive: &[],
};

/// A test case. `inputs` and the first five checkers are those of cog-safe-push.
pub(super) const TEST_CASE: Section = Section {
    keys: &[
        key("inputs", Form::Inputs, "Inputs of the prediction; @FILE sends a file of the repository, $(env.NAME) a variable"),
        key("exact_string", Form::Text, "The output is exactly this text"),
        key("match_url", Form::FilledText, "The output is like the file at this URL"),
        key("match_prompt", Form::FilledText, "Claude finds that the output fits this description"),
        key("jq_query", Form::FilledTexts, "Every result of this jq program, or of several, on the output is truthy"),
        key("error_contains", Form::FilledText, "The prediction fails with an error that contains this text"),
        key("match_file", Form::FilledText, "The output is like this file of the repository"),
        key("checks", Form::Sections(&CHECKS), "Several checks at once"),
        key("name", Form::FilledText, "Name in reports, instead of a number"),
        key("timeout", Form::Number, "Time limit of this prediction in seconds, from its start"),
        key("skip", Form::Reason, "Do not run the case: true, or the reason"),
        key("only_on", Form::Words(&["test", "live"]), "Run the case only before publishing, or only on the live version"),
        key("compare", Form::Section(&COMPARE), "How much the output may differ"),
    ],
    required: &["inputs"],
    exclusive: &["exact_string", "match_url", "match_prompt", "jq_query", "error_contains", "match_file"],
};

/// `checks` of a test case: one mapping, or a list of mappings.
pub(super) const CHECKS: Section = Section {
    keys: &[
        key("exact_string", Form::Text, "The output is exactly this text"),
        key("match_url", Form::FilledText, "The output is like the file at this URL"),
        key("match_file", Form::FilledText, "The output is like this file of the repository"),
        key("match_prompt", Form::FilledText, "Claude finds that the output fits this description"),
        key("jq_query", Form::FilledTexts, "Every result of this jq program, or of several, on the output is truthy"),
        key("error_contains", Form::FilledText, "The prediction fails with an error that contains this text"),
        key("contains", Form::FilledText, "The output contains this text"),
        key("regex", Form::FilledText, "A part of the output matches this regular expression"),
        key("json_schema", Form::Inputs, "The output fits this JSON Schema"),
        key("image", Form::Section(&IMAGE_CHECK), "Every image of the output is like this"),
        key("audio", Form::Section(&AUDIO_CHECK), "Every audio file of the output is like this"),
        key("video", Form::Section(&VIDEO_CHECK), "Every video of the output is like this"),
        key("count", Form::Range, "Number of items of a list, or of files"),
        key("max_predict_seconds", Form::Decimal, "Longest run time"),
        key("max_cost", Form::Decimal, "Highest price of the prediction in dollars, by public prices"),
        key("first_output_seconds", Form::Decimal, "Longest time until a streaming model returns its first output"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const IMAGE_CHECK: Section = Section {
    keys: &[
        key("format", Form::FilledText, "File format, as in png"),
        key("width", Form::Range, "Width in pixels"),
        key("height", Form::Range, "Height in pixels"),
        key("like", Form::FilledText, "File of the repository that it looks like"),
        key("min_ssim", Form::Decimal, "Lowest structural similarity to that file, up to 1; colors do not count then"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const AUDIO_CHECK: Section = Section {
    keys: &[
        key("duration", Form::Range, "Duration in seconds, give or take 0.1"),
        key("channels", Form::Range, "Number of channels"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const VIDEO_CHECK: Section = Section {
    keys: &[
        key("duration", Form::Range, "Duration in seconds, give or take 0.1"),
        key("fps", Form::Range, "Frames per second, give or take 0.5"),
        key("width", Form::Range, "Width in pixels"),
        key("height", Form::Range, "Height in pixels"),
    ],
    required: &[],
    exclusive: &[],
};

/// `compare` of a test case, of a model and of the repository: the thresholds of `output-compare`, and what does not count.
pub(super) const COMPARE: Section = Section {
    keys: &[
        key("mean_color_distance", Form::Decimal, "Mean color distance of two images, 0 to 510").otherwise("8"),
        key("worst_tile_distance", Form::Decimal, "Color distance in the worst tile of 16 × 16 pixels, 0 to 510").otherwise("64"),
        key("ssim", Form::Decimal, "Lowest structural similarity of two images, up to 1").otherwise("0.9"),
        key("relative_number", Form::Decimal, "Difference of two numbers relative to the greater one").otherwise("0.001"),
        key("absolute_number", Form::Decimal, "Difference of two numbers that is always ignored").otherwise("0.000001"),
        key("duration_difference_secs", Form::Decimal, "Difference in duration of audio or video").otherwise("0.1"),
        key("loudness_difference", Form::Decimal, "Difference in loudness of audio, where full scale is 1").otherwise("0.02"),
        key("spectral_distance", Form::Decimal, "Difference in pitch of audio, 0 to 1").otherwise("0.25"),
        key("shift_secs", Form::Decimal, "Delay of one audio relative to the other").otherwise("0.05"),
        key("clipped_percent_difference", Form::Decimal, "Difference in clipped samples of audio, in percent points")
            .otherwise("1"),
        key("size_factor", Form::Decimal, "Ratio of the sizes of two videos").otherwise("10"),
        key("ignore_paths", Form::Texts, "Values that do not count, as in .timings.total or .items[*].id"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const REGRESSIONS: Section = Section {
    keys: &[
        key("predict_time", Form::Decimal, "Run time relative to the live version that is an error, at least 1.1"),
        key("boot", Form::Decimal, "Time until the first prediction starts, relative to the live version, that is an error"),
        key("image_size", Form::Decimal, "Image size relative to the live version that is an error"),
        key("cost", Form::Decimal, "Price of a prediction relative to the live version that is an error"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const FUZZ: Section = Section {
    keys: &[
        key("fixed_inputs", Form::Inputs, "Inputs that always have this value"),
        key("disabled_inputs", Form::Texts, "Inputs that are never sent"),
        key("files", Form::Inputs, "Files for inputs that take one, by input: a URL or a list of URLs"),
        key("iterations", Form::Number, "Number of fuzz inputs").otherwise("10"),
        key("duration", Form::Number, "Accepted for compatibility, without effect"),
        key("prompt", Form::Text, "Instructions for Claude, which invents fuzz inputs"),
    ],
    required: &[],
    exclusive: &[],
};

pub(super) const DEPLOYMENT: Section = Section {
    keys: &[
        key("owner", Form::Text, "Owner of the deployment").otherwise("the owner of the live model"),
        key("name", Form::Text, "Name of the deployment"),
        key("hardware", Form::Text, "Hardware of the deployment").otherwise("cpu"),
    ],
    required: &["name"],
    exclusive: &[],
};
