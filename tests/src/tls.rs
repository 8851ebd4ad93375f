//! Certificates of our own making, and an HTTPS server that has one.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A certificate that vouches for itself, with its key; both in PEM.
#[derive(Debug, Clone)]
pub struct SelfSigned {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl SelfSigned {
    /// A new one for this host name or address.
    ///
    /// # Errors
    /// When no key can be made, or `name` is no name.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([name.to_owned()])?;
        Ok(Self { certificate: cert.pem(), key: signing_key.serialize_pem() })
    }
}

/// A server that answers every connection with `over TLS`.
#[derive(Debug)]
pub struct HttpsServer {
    /// Where it listens; its certificate is for `localhost`.
    pub address: SocketAddr,
    /// Its certificate, in PEM.
    pub certificate: String,
}

impl HttpsServer {
    /// Starts it; it ends with the runtime.
    ///
    /// # Errors
    /// When no certificate can be made, or no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust the certificate ends the handshake: that is its right.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nover TLS")
                    .await;
                let _ = stream.shutdown().await;
            }
        });
        Ok(Self { address, certificate: cert.pem() })
    }
}
