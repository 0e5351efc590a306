//! The port: accepts connections, and does what every request needs before and after its route.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::faults::FaultEffect;
use super::hosts::Ends;
use super::problem::Problem;
use super::rate_limit::Allowance;
use super::request_log::RequestRecord;
use super::service::Service;

/// Pause after a connection could not be accepted for lack of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A fault closed the connection without a response.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a fault closed the connection")
    }
}

impl std::error::Error for Dropped {}

/// Accepts connections until the sandbox stops.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>, router: Router) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = service.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (shared, router) = (Arc::clone(&service), router.clone());
                service.tasks.spawn(async move { connection(stream, peer.ip(), shared, router).await });
            }
            Err(cause) => {
                tracing::debug!(%cause, "failed to accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, service: Arc<Service>, router: Router) {
    // Responses are small and each is awaited, so there is nothing to gain from waiting for more data.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let ends = Ends { reached: stream.local_addr().ok().map(|address| address.ip()), peer: Some(peer) };
    let answering = service_fn(|request| answer(&service, &router, request, ends));
    // When the service fails, hyper closes the connection without a response. This is how faults drop connections.
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answering);
    tokio::select! {
        biased;
        () = service.closing.cancelled() => {}
        ended = connection => if let Err(cause) = ended {
            tracing::trace!(%cause, "a connection ended early");
        },
    }
}

async fn answer(
    service: &Arc<Service>,
    router: &TowerToHyperService<Router>,
    request: Request<Incoming>,
    ends: Ends,
) -> Result<Response, Dropped> {
    if let Some(host) = service.hosts.foreign(request.uri(), request.headers(), ends) {
        tracing::debug!(host, "refused a request for a foreign host");
        return Ok(Problem::ForeignHost(host).into_response());
    }
    let one_way = service.options.round_trip / 2;
    let late = travel(one_way).await;
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let headers = request.headers();
    let authorized =
        if path.starts_with("/v2") { service.account.has_cli_login(headers) } else { service.account.has_api_token(headers) };
    let number = service.requests.begin(RequestRecord {
        method: method.clone(),
        path: path.clone(),
        query: request.uri().query().map(str::to_owned),
        status: None,
        answered: false,
        authorized,
    });
    let effect = service.faults.take(&method, &path);
    let refusal = match &effect {
        Some(FaultEffect::DropBefore) => return Err(Dropped),
        Some(FaultEffect::Delay(delay)) => {
            sleep(*delay).await;
            None
        }
        Some(FaultEffect::Throttle { retry_after }) => {
            Some(Problem::Throttled { retry_after: *retry_after, low_credit: false }.into_response())
        }
        Some(FaultEffect::LowCredit { retry_after }) => {
            Some(Problem::Throttled { retry_after: *retry_after, low_credit: true }.into_response())
        }
        Some(FaultEffect::InsufficientCredit) => Some(Problem::InsufficientCredit.into_response()),
        Some(FaultEffect::Status(status)) => Some((*status, format!("<html><body>{status}</body></html>")).into_response()),
        Some(FaultEffect::DropAfter | FaultEffect::CutBody(_)) | None => None,
    };
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => handle(service, router, request, authorized).await,
    };
    let headers = response.headers_mut();
    // Clients compare it with `created_at`, which follows the sandbox's own clock.
    if let Ok(date) = HeaderValue::from_str(&service.clock.http_date()) {
        headers.insert(header::DATE, date);
    }
    if let Some(FaultEffect::CutBody(left)) = effect {
        response = response.map(|body| cut(body, left));
    }
    let is_lost = effect == Some(FaultEffect::DropAfter);
    service.requests.end(number, response.status(), !is_lost);
    travel(one_way.saturating_sub(late)).await;
    if is_lost { Err(Dropped) } else { Ok(response) }
}

/// One way to or from a service that is far off. Returns how much longer it took: the timer has ticks.
async fn travel(one_way: Duration) -> Duration {
    // Even a sleep of no time waits for the next tick.
    if one_way.is_zero() {
        return Duration::ZERO;
    }
    let left = Instant::now();
    sleep(one_way).await;
    left.elapsed().saturating_sub(one_way)
}

/// A body that breaks off. Its announced length stays, so that the client notices.
fn cut(body: Body, bytes: usize) -> Body {
    let pieces = body.into_data_stream().scan(bytes, |left, piece| {
        let piece = match piece {
            Ok(_) if *left == 0 => Err(axum::Error::new(Dropped)),
            Ok(piece) => {
                let piece = piece.slice(..piece.len().min(*left));
                *left -= piece.len();
                Ok(piece)
            }
            Err(cause) => Err(cause),
        };
        futures::future::ready(Some(piece))
    });
    Body::from_stream(pieces)
}

/// Checks the token, which `/v1` and the sandbox's own calls need, then the rate limit, then runs the route.
async fn handle(
    service: &Arc<Service>,
    router: &TowerToHyperService<Router>,
    request: Request<Incoming>,
    authorized: bool,
) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let is_api = path.starts_with("/v1/") || path == "/v1";
    if (is_api || path.starts_with("/sandbox/")) && !authorized {
        return Problem::Unauthenticated.into_response();
    }
    service.forget_old_data().await;
    let allowance = is_api.then(|| service.limiter.count(&method, &path, service.instant()));
    let mut response = match allowance {
        Some(Allowance { passes: false, reset, .. }) => {
            Problem::Throttled { retry_after: Duration::from_secs(reset), low_credit: false }.into_response()
        }
        _ => route(router, request).await,
    };
    if let Some(allowance) = allowance {
        let headers = response.headers_mut();
        headers.insert("ratelimit-remaining", allowance.remaining.into());
        headers.insert("ratelimit-reset", allowance.reset.into());
    }
    response
}

async fn route(router: &TowerToHyperService<Router>, request: Request<Incoming>) -> Response {
    match router.call(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
