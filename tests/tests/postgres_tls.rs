//! Encrypted connections of components to a real PostgreSQL server; `sslmode` means what it means to libpq:
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>.

use anyhow::Result;
use tempfile::TempDir;
use tests::postgres::{PASSWORD, Postgres};
use tests::slipway::{Options, Slipway, workspace};
use tests::tls::SelfSigned;

/// Of the process, as of any program that uses the machine's certificates.
const TRUSTED: &str = "SSL_CERT_FILE";

/// A server that speaks TLS with this certificate, and refuses whoever does not.
async fn server(certificate: &SelfSigned) -> Result<Postgres> {
    let settings = ["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"];
    let files = [
        ("server.crt", certificate.certificate.as_str()),
        ("server.key", certificate.key.as_str()),
        ("pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n"),
    ];
    Postgres::start_with(&settings, &files).await
}

/// What a component is told that asks on a connection in this mode whether it is encrypted.
async fn encrypted(server: &Postgres, mode: &str, trusted: Option<&SelfSigned>) -> Result<String> {
    let folder = TempDir::new()?;
    let mut options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() }
        .with_admin()
        .arg("--drain-delay=0s")
        .variable("database_url", &format!("{}?sslmode={mode}", server.url()))
        .variable("database_origin", &server.origin());
    if let Some(trusted) = trusted {
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, &trusted.certificate)?;
        options.env.push((TRUSTED.into(), file.display().to_string()));
    }
    let slipway = Slipway::start(options).await?;
    let statement = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let answer = slipway.get(&format!("/postgres?{}", statement.replace(' ', "%20"))).await?.text();
    assert!(!answer.contains(PASSWORD) && !slipway.log().contains(PASSWORD));
    Ok(answer)
}

#[tokio::test]
async fn require_encrypts_whoever_the_server_is() -> Result<()> {
    let server = server(&SelfSigned::new("elsewhere.example")?).await?;
    assert_eq!(encrypted(&server, "require", None).await?, "true");
    assert_eq!(encrypted(&server, "prefer", None).await?, "true");
    Ok(())
}

#[tokio::test]
async fn verify_full_wants_a_trusted_certificate_for_the_host() -> Result<()> {
    let certificate = SelfSigned::new("127.0.0.1")?;
    let server = server(&certificate).await?;
    assert_eq!(encrypted(&server, "verify-full", Some(&certificate)).await?, "true");
    let other = SelfSigned::new("127.0.0.1")?;
    for mode in ["verify-full", "verify-ca"] {
        let refused = encrypted(&server, mode, Some(&other)).await?;
        assert!(refused.contains("does not accept connections: error performing TLS handshake"), "{refused}");
        assert!(refused.contains("invalid peer certificate"), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn verify_ca_does_not_look_at_the_name_and_verify_full_does() -> Result<()> {
    let certificate = SelfSigned::new("elsewhere.example")?;
    let server = server(&certificate).await?;
    assert_eq!(encrypted(&server, "verify-ca", Some(&certificate)).await?, "true");
    let refused = encrypted(&server, "verify-full", Some(&certificate)).await?;
    assert!(refused.contains("certificate not valid for name"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_demands_tls_refuses_disable_with_a_clear_sentence() -> Result<()> {
    let server = server(&SelfSigned::new("127.0.0.1")?).await?;
    let refused = encrypted(&server, "disable", None).await?;
    assert!(refused.contains("the database does not accept connections"), "{refused}");
    assert!(refused.contains("no encryption"), "{refused}");
    Ok(())
}
