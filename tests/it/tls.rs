//! Servers are trusted if an authority of the system vouches for them.

use std::fs;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use safe_push::support::ExposeSecret as _;
use test_support::Repository;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// An authority of our own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Speaks TLS for a server on this machine, as `localhost`, with a certificate of the authority. Returns the URL.
async fn terminator(authority: &CertifiedIssuer<'static, KeyPair>, port: u16) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_needs_a_certificate_of_an_authority_that_the_system_trusts() {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    let (ours, other) = (authority(), authority());
    let port = sandbox.base_url().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let url = terminator(&ours, port).await;
    for (trusted, is_trusted) in [(&ours, true), (&other, false)] {
        let before = sandbox.requests().len();
        let repository = Repository::example("text-stats");
        let file = repository.path().join("authority.pem");
        fs::write(&file, trusted.pem()).unwrap();
        let repository = repository
            .variable("SSL_CERT_FILE", &file.display().to_string())
            .variable("REPLICATE_BASE_URL", &url)
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
        let seen = tokio::task::block_in_place(|| repository.run("check"));
        assert_eq!(seen.code, Some(if is_trusted { 0 } else { 3 }), "{seen}");
        assert_eq!(sandbox.requests().len() > before, is_trusted, "{seen}");
        assert_eq!(seen.stdout.contains("invalid peer certificate"), !is_trusted, "{seen}");
    }
}
