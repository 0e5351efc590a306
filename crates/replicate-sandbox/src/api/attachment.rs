//! Files in responses. What a model made may be a page with scripts, so a browser may save it, but not show it as one of ours.

use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, header};

use crate::files::StoredFile;

/// The type is the one that is named, whatever the content looks like.
pub(super) const NOSNIFF: (HeaderName, &str) = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");

const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file to save.
pub(super) fn attachment(file: &StoredFile, content: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, file.content_type.as_str()),
        (header::CONTENT_DISPOSITION, &disposition(&file.name)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (RESOURCE_POLICY, "same-origin"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
        NOSNIFF,
    ];
    (headers, content).into_response()
}

/// Letters that could end the name, or that headers cannot hold, become underscores.
fn disposition(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ' ' | '(' | ')');
    let plain: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(disposition("out.png"), "attachment; filename=\"out.png\"");
        assert_eq!(disposition("a\"; x=\r\n\\é/.."), "attachment; filename=\"a__ x______..\"");
    }
}
