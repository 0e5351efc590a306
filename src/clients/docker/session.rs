//! A BuildKit session that serves secrets.
//!
//! bollard starts a session for every build, but serves secrets only through gRPC, which needs the whole context in memory. So a
//! build with secrets gets its own session: one connection, upgraded to HTTP/2, on which the daemon calls us.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::health::health_check_response::ServingStatus;
use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bytes::Bytes;
use futures::Stream;
use http_body_util::Empty;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use secrecy::SecretSlice;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use crate::clients::docker::endpoint::Endpoint;
use crate::clients::docker::{BuildSecret, DockerError};
use crate::support::ExposeSecret;

const ATTEMPT: &str = "open a session for the build's secrets";

/// A session that stays open until this value is dropped.
#[derive(Debug)]
pub(super) struct SecretSession {
    _connection: AbortOnDropHandle<()>,
    _server: AbortOnDropHandle<()>,
}

impl SecretSession {
    /// Opens a session under `id`, from which the daemon can request the secrets.
    pub(super) async fn open(endpoint: &Endpoint, id: &str, secrets: &[BuildSecret]) -> Result<Self, DockerError> {
        match endpoint {
            Endpoint::Unix(path) => Self::open_on(UnixStream::connect(path).await.map_err(broken)?, id, secrets).await,
            Endpoint::Tcp(address) => Self::open_on(TcpStream::connect(address).await.map_err(broken)?, id, secrets).await,
            Endpoint::Other(host) => Err(DockerError::UnsupportedHost { host: host.clone(), with_secrets: true }),
        }
    }

    async fn open_on<S>(stream: S, id: &str, secrets: &[BuildSecret]) -> Result<Self, DockerError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "the secret session's connection broke");
            }
        }));
        let request = hyper::Request::post("/session")
            .header("Host", "docker")
            .header("Connection", "Upgrade")
            .header("Upgrade", "h2c")
            .header("X-Docker-Expose-Session-Uuid", id)
            .header("X-Docker-Expose-Session-Name", "safe-push")
            .header("X-Docker-Expose-Session-Grpc-Method", "/moby.buildkit.secrets.v1.Secrets/GetSecret")
            .header("X-Docker-Expose-Session-Grpc-Method", "/grpc.health.v1.Health/Check")
            .body(Empty::<Bytes>::new())
            .map_err(broken)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
            let message = "the daemon does not support BuildKit sessions".to_owned();
            return Err(DockerError::Daemon { attempted: ATTEMPT.to_owned(), status: Some(response.status().as_u16()), message });
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
        let stream = SessionStream(TokioIo::new(upgraded));
        let secrets = secrets.iter().map(|secret| (secret.id.clone(), secret.value.clone())).collect();
        let server = tonic::transport::Server::builder()
            .add_service(HealthServer::new(AlwaysHealthy))
            .add_service(SecretsServer::new(SecretStore { secrets }))
            .serve_with_incoming(futures::stream::once(async { Ok::<_, io::Error>(stream) }));
        let server = AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::debug!(%error, "the secret session ended early");
            }
        }));
        Ok(Self { _connection: connection, _server: server })
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> DockerError {
    DockerError::Connection { attempted: ATTEMPT.to_owned(), source: Box::new(error) }
}

/// The secrets of one build.
struct SecretStore {
    secrets: HashMap<String, SecretSlice<u8>>,
}

#[tonic::async_trait]
impl Secrets for SecretStore {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        let value = self.secrets.get(&id).ok_or_else(|| Status::not_found(format!("secret {id} was not given")))?;
        Ok(Response::new(GetSecretResponse { data: value.expose_secret().to_vec() }))
    }
}

/// The daemon closes a session that fails its health checks.
struct AlwaysHealthy;

fn serving() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving.into() }
}

#[tonic::async_trait]
impl Health for AlwaysHealthy {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(&self, _request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(serving()))
    }

    async fn list(&self, _request: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Ok(Response::new(HealthListResponse { statuses: HashMap::from([(String::new(), serving())]) }))
    }

    async fn watch(&self, _request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(Box::pin(futures::stream::once(async { Ok(serving()) }))))
    }
}

/// The upgraded connection, in the form that tonic needs.
struct SessionStream(TokioIo<Upgraded>);

impl Connected for SessionStream {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for SessionStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for SessionStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
