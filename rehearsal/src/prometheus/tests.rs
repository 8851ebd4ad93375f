use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::manifest::Authentication;

fn source(address: &str) -> Prometheus {
    Prometheus {
        address: address.to_owned(),
        query: "sum(a{b=\"c&d\"}) + 1".to_owned(),
        ..Prometheus::default()
    }
}

/// Answers one connection with `answer`, and gives what it was asked.
async fn once(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (address, asked)
}

const ONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 77\r\nconnection: close\r\n\r\n\
    {\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1700000000,\"1\"]}}";

#[tokio::test]
async fn a_query_is_posted_with_its_headers() {
    let (address, asked) = once(ONE).await;
    let mut source = source(&format!("http://{address}/prom/"));
    source.timeout = Some(7);
    source.headers = vec![Header { key: "X-Scope-OrgID".to_owned(), value: "team".to_owned() }];
    source.authentication =
        Authentication { basic_auth: Some(BasicAuth { username: "a".to_owned(), password: "b".to_owned() }) };
    assert_eq!(Asker::new().unwrap().ask(&source).await.unwrap(), Measured::Scalar(1.0));
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /prom/api/v1/query HTTP/1.1\r\n"), "{asked}");
    for part in [
        "x-scope-orgid: team\r\n",
        "authorization: Basic YTpi\r\n",
        "query=sum%28a%7Bb%3D%22c%26d%22%7D%29+%2B+1",
        "timeout=7s",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_a_measurement_too() {
    let (address, _asked) =
        once("HTTP/1.1 401 Unauthorized\r\ncontent-length: 7\r\nconnection: close\r\n\r\ngo away").await;
    let Measured::Error(message) = Asker::new().unwrap().measure(&source(&format!("http://{address}"))).await
    else {
        panic!()
    };
    assert_eq!(message, format!("http://{address} says: 401 Unauthorized: go away"));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let Measured::Error(message) = Asker::new().unwrap().measure(&source(&format!("http://{closed}"))).await
    else {
        panic!()
    };
    assert!(message.starts_with(&format!("http://{closed} cannot be asked: ")), "{message}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut source = source(&format!("http://{}", listener.local_addr().unwrap()));
    source.timeout = Some(0);
    assert!(matches!(Asker::new().unwrap().ask(&source).await, Err(QueryError::Late { .. })));
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
    });
    let error = Asker::new().unwrap().ask(&source(&format!("http://{address}"))).await.unwrap_err();
    assert!(matches!(error, QueryError::Transport { .. }), "{error}");
}

#[test]
fn addresses_are_checked() {
    assert_eq!(endpoint("https://p.example/x/").unwrap(), "https://p.example/x/api/v1/query");
    assert!(matches!(endpoint(""), Err(QueryError::NoAddress)));
    for wrong in
        ["p.example", "ftp://p.example", "http://", "http://a b", "http://p.example?x=1", "localhost:9090"]
    {
        assert!(matches!(endpoint(wrong), Err(QueryError::Address(_))), "{wrong}");
    }
}

#[test]
fn headers_that_cannot_be_sent_are_refused_without_their_value() {
    let mut source = source("http://p.example");
    source.headers = vec![Header { key: "authorization".to_owned(), value: "secret\n".to_owned() }];
    let error = request(&source, DEFAULT_TIMEOUT).unwrap_err().to_string();
    assert!(error.contains("authorization") && !error.contains("secret"), "{error}");
}
