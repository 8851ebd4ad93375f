//! WebSockets: connections that leave HTTP behind, <https://www.rfc-editor.org/rfc/rfc6455#section-4>.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Method, Request, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::hop;
use crate::server::Held;

/// The only protocol that is let through: an upgrade to HTTP/2 would carry requests past this proxy.
const WEBSOCKET: &str = "websocket";

/// The client's end of a tunnel that it asked for.
pub struct Tunnel(OnUpgrade);

impl Tunnel {
    /// The tunnel that a request asks for, if any.
    pub fn asked_for<B>(request: &mut Request<B>) -> Option<Self> {
        let headers = request.headers();
        let asked = request.version() == Version::HTTP_11
            && request.method() == Method::GET
            && hop::has_token(headers, &CONNECTION, UPGRADE.as_str())
            && hop::has_token(headers, &UPGRADE, WEBSOCKET);
        asked.then(|| Self(hyper::upgrade::on(request)))
    }

    /// What `Upgrade` is to say.
    pub fn protocol() -> HeaderValue {
        HeaderValue::from_static(WEBSOCKET)
    }

    /// Passes bytes on in both directions until one end closes; the request is in flight until then.
    pub fn open(self, upstream: OnUpgrade, held: Held) {
        tokio::spawn(async move {
            let _held = held;
            match tokio::try_join!(self.0, upstream) {
                Ok((client, upstream)) => {
                    let ended =
                        copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(upstream)).await;
                    if let Err(error) = ended {
                        tracing::debug!("tunnel ended: {error}");
                    }
                }
                Err(error) => tracing::warn!("an upgrade was agreed on and not made: {error}"),
            }
        });
    }
}
