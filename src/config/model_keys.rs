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
    /// A mapping of inputs to values of any form.
    Inputs,
    /// A list of texts.
    Texts,
    /// A list of sections.
    List(&'static Section),
    /// A mapping with keys of its own.
    Section(&'static Section),
}

/// A key.
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

/// `predict`.
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

/// `train`.
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

/// A test case.
pub(super) const TEST_CASE: Section = Section {
    keys: &[
        key("inputs", Form::Inputs, "Inputs of the prediction"),
        key("exact_string", Form::Text, "The output is exactly this text"),
        key("match_url", Form::FilledText, "The output is like the file at this URL"),
        key("match_prompt", Form::FilledText, "Claude finds that the output fits this description"),
        key("jq_query", Form::FilledText, "Every result of this jq program on the output is truthy"),
        key("error_contains", Form::FilledText, "The prediction fails with an error that contains this text"),
    ],
    required: &["inputs"],
    exclusive: &["exact_string", "match_url", "match_prompt", "jq_query", "error_contains"],
};

/// `fuzz`.
pub(super) const FUZZ: Section = Section {
    keys: &[
        key("fixed_inputs", Form::Inputs, "Inputs that always have this value"),
        key("disabled_inputs", Form::Texts, "Inputs that are never sent"),
        key("iterations", Form::Number, "Number of fuzz inputs").otherwise("10"),
        key("duration", Form::Number, "Accepted for compatibility, without effect"),
        key("prompt", Form::Text, "Instructions for Claude, which invents fuzz inputs"),
    ],
    required: &[],
    exclusive: &[],
};

/// `deployment`.
pub(super) const DEPLOYMENT: Section = Section {
    keys: &[
        key("owner", Form::Text, "Owner of the deployment").otherwise("the owner of the live model"),
        key("name", Form::Text, "Name of the deployment"),
        key("hardware", Form::Text, "Hardware of the deployment").otherwise("cpu"),
    ],
    required: &["name"],
    exclusive: &[],
};
