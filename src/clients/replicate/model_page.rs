//! The page of a model: its README and its description.

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Map, Value, json};

use crate::clients::replicate::call::Call;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::{ReplicateError, TextOfPage};
use crate::domain::identity::ModelRef;

pub trait ModelPages: Send + Sync {
    /// The README of a model; `None` without one.
    fn readme<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Option<String>, ReplicateError>>;

    /// Replaces the README, and the description if there is one.
    fn update_page<'a>(&'a self, model: &'a ModelRef, text: &'a TextOfPage) -> BoxFuture<'a, Result<(), ReplicateError>>;
}

impl ModelPages for RealReplicate {
    fn readme<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Option<String>, ReplicateError>> {
        Box::pin(async move {
            let url = self.base.join(&["models", model.owner(), model.name(), "readme"]);
            let call = Call::get(url, format!("get the README of {model}"));
            Ok(Self::found(self.ask(&call).await)?.map(|reply| reply.text()))
        })
    }

    fn update_page<'a>(&'a self, model: &'a ModelRef, text: &'a TextOfPage) -> BoxFuture<'a, Result<(), ReplicateError>> {
        Box::pin(async move {
            let mut body = Map::from_iter([("readme".to_owned(), json!(text.readme))]);
            body.extend(text.description.as_ref().map(|description| ("description".to_owned(), json!(description))));
            let url = self.base.join(&["models", model.owner(), model.name()]);
            let call = Call::new(Method::PATCH, url, format!("update the page of {model}")).json(Value::Object(body));
            // Safe to repeat: the same text again changes nothing.
            self.ask(&call).await.map(drop)
        })
    }
}
