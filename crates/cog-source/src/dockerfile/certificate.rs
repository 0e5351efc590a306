//! The certificate authority that the build and the model trust (`COG_CA_CERT`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context_file::RecipeFile;
use super::{Writer, bind_mount};

const FILE: &str = "cog-ca-cert.crt";
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A value that is not a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the CA certificate is neither PEM text nor PEM text in base64")]
pub struct CertificateError;

/// Reads the text of `COG_CA_CERT`: PEM, or PEM in base64. Callers read files and folders.
///
/// # Errors
/// The text is neither.
///
/// ```
/// use cog_source::dockerfile::certificate::pem_from_value;
///
/// let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
/// assert_eq!(pem_from_value(pem).unwrap(), format!("{pem}\n"));
/// assert!(pem_from_value("/etc/cert.pem").is_err());
/// ```
pub fn pem_from_value(value: &str) -> Result<String, CertificateError> {
    let value = value.trim();
    let text = if value.starts_with("-----BEGIN") {
        value.to_owned()
    } else {
        let compact: String = value.split_whitespace().collect();
        let bytes = STANDARD.decode(compact).map_err(|_not_base64| CertificateError)?;
        String::from_utf8(bytes).map_err(|_not_text| CertificateError)?
    };
    let text = text.trim();
    if !text.starts_with(BEGIN) || !text.contains(END) {
        return Err(CertificateError);
    }
    Ok(format!("{text}\n"))
}

/// Installs the certificate. Comes before every command that uses the network.
///
/// Appends to the bundle directly too: `update-ca-certificates` may be missing, and it skips files with several certificates.
pub(crate) fn install(writer: &mut Writer, pem: &str) -> RecipeFile {
    let mount = bind_mount(FILE, &format!("/tmp/{FILE}"));
    let installed = format!("/usr/local/share/ca-certificates/{FILE}");
    writer.standard(
        &format!(
            "RUN {mount} mkdir -p /usr/local/share/ca-certificates /etc/ssl/certs \\\n    \
             && cp /tmp/{FILE} {installed} \\\n    \
             && if command -v update-ca-certificates >/dev/null; then update-ca-certificates; fi \\\n    \
             && cat /tmp/{FILE} >> {BUNDLE}"
        ),
        "trust the CA certificate of COG_CA_CERT",
    );
    writer.standard(
        &format!("ENV SSL_CERT_FILE={BUNDLE} REQUESTS_CA_BUNDLE={BUNDLE} PIP_CERT={BUNDLE}"),
        "name the certificates to Python and pip",
    );
    RecipeFile { path: format!("{}/{FILE}", super::BUILD_FOLDER), contents: pem.as_bytes().to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

    #[test]
    fn pem_is_read_as_is_or_from_base64() {
        assert_eq!(pem_from_value(&format!("\n{PEM}\n\n")), Ok(format!("{PEM}\n")));
        assert_eq!(pem_from_value(&STANDARD.encode(PEM)), Ok(format!("{PEM}\n")));
    }

    #[test]
    fn anything_else_is_rejected() {
        for value in [
            "",
            "/etc/cert.pem",
            "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
            "aGVsbG8=",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(pem_from_value(value), Err(CertificateError), "{value}");
        }
    }

    #[test]
    fn the_certificate_is_mounted_not_copied() {
        let mut writer = Writer::default();
        let file = install(&mut writer, "pem\n");
        assert_eq!((file.path.as_str(), file.contents.as_slice()), (".cog/build/cog-ca-cert.crt", b"pem\n".as_slice()));
        let (text, _) = writer.finish();
        assert!(text.starts_with("RUN --mount=type=bind,source=.cog/build/cog-ca-cert.crt,target=/tmp/cog-ca-cert.crt mkdir -p"));
        assert!(!text.contains("COPY"));
    }
}
