//! Does what the path says; see `tests/conformance.rs`, `tests/shim.rs` and `tests/shim_spin.rs`.
#![cfg(target_family = "wasm")]

mod conformance;
mod key_value;
mod spin2;
mod wasi_keyvalue;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use spin_sdk::http::{BoxBody, FullBody, Request, Response, box_body};
use spin_sdk::{http_service, pg, sqlite, variables, wasip3};

#[http_service]
async fn handle(request: Request) -> http::Response<BoxBody> {
    let argument = request.uri().query().unwrap_or_default().to_owned();
    let path = request.uri().path();
    if let Some(operation) = path.strip_prefix("/key-value/") {
        return text(key_value::run(operation, &argument).await.unwrap_or_else(|error| format!("{error:?}")));
    }
    match path {
        "/hello" => text("hello"),
        "/headers" => text(headers(&request)),
        "/echo" => http::Response::new(box_body(request.into_body())),
        "/discard" => text(conformance::discard(request).await),
        "/trailers" => conformance::trailers(),
        "/drip" => conformance::drip(&argument),
        "/big-header" => conformance::big_header(argument.parse().unwrap_or_default()),
        "/swarm" => text(conformance::swarm(&argument).await),
        "/compute" => text(conformance::compute(argument.parse().unwrap_or_default())),
        "/wait-and-panic" => {
            wait(argument.parse().unwrap_or_default()).await;
            panic!("as asked")
        }
        "/pattern" => with_header("slipway-route", "/pattern/{id}"),
        "/fail" => status(StatusCode::INTERNAL_SERVER_ERROR),
        "/panic" => panic!("as asked"),
        "/loop" => loop {
            std::hint::black_box(());
        },
        "/memory" => text(allocate_for_ever()),
        "/environment" => text(std::env::var(&argument).unwrap_or_else(|error| error.to_string())),
        "/file" => text(std::fs::read_to_string(&argument).unwrap_or_else(|error| error.to_string())),
        "/write" => {
            text(std::fs::write(&argument, "x").map_or_else(|error| error.to_string(), |()| "written".into()))
        }
        "/variable" => text(variables::get(&argument).await.unwrap_or_else(|error| error.to_string())),
        "/fetch" => text(fetch(&argument).await),
        "/postgres" => text(select(&argument).await.unwrap_or_else(|error| error.to_string())),
        "/postgres-count" => text(count_rows(&argument).await.unwrap_or_else(|error| error.to_string())),
        "/postgres-left-open" => text(leave_open(&argument).await.unwrap_or_else(|error| error.to_string())),
        "/wasi-keyvalue" => text(wasi_keyvalue::run(&argument).unwrap_or_else(|error| format!("{error:?}"))),
        "/spin2-key-value" => text(spin2::run(&argument).unwrap_or_else(|error| format!("{error:?}"))),
        "/sqlite" => text(count_up(&argument).await.unwrap_or_else(|error| error.to_string())),
        "/wait" => {
            wait(argument.parse().unwrap_or_default()).await;
            text("waited")
        }
        "/later" => later(),
        "/log" => {
            eprintln!("said to stderr");
            text("logged")
        }
        "/internal/metrics" => metrics().await,
        "/internal/ready" => ready().await,
        _ => status(StatusCode::NOT_FOUND),
    }
}

/// Metrics, good or bad, as the variable of that name says.
async fn metrics() -> http::Response<BoxBody> {
    eprintln!("asked for metrics");
    match variables::get("metrics").await.unwrap_or_default().as_str() {
        "good" => {
            text("# HELP guest_things Things.\n# TYPE guest_things gauge\nguest_things{kind=\"a\"} 3\n")
        }
        "colliding" => text("guest_before 1\nhttp_requests_total 700\nguest_after 2\n"),
        "garbage" => text("guest_before 1\n}{ no\nguest_things x\nguest_after 2"),
        "big" => text("guest_things 3\n".repeat(100_000)),
        "slow" => {
            wait(10_000).await;
            text("guest_things 3\n")
        }
        "trap" => panic!("as asked"),
        "failing" => status(StatusCode::INTERNAL_SERVER_ERROR),
        _ => status(StatusCode::NOT_FOUND),
    }
}

/// Whether it is ready, as the variable of that name says.
async fn ready() -> http::Response<BoxBody> {
    eprintln!("asked for readiness");
    match variables::get("ready").await.unwrap_or_default().as_str() {
        "yes" => text("yes"),
        "no" => {
            let mut answer = text(r#"{"error": "the schema is too old"}"#);
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            answer
        }
        "mute" => status(StatusCode::IM_A_TEAPOT),
        "slow" => {
            wait(10_000).await;
            text("yes")
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}

fn text(body: impl Into<Bytes>) -> http::Response<BoxBody> {
    http::Response::new(box_body(FullBody::new(body.into())))
}

fn status(status: StatusCode) -> http::Response<BoxBody> {
    let mut answer = text("");
    *answer.status_mut() = status;
    answer
}

fn with_header(name: &'static str, value: &'static str) -> http::Response<BoxBody> {
    let mut answer = text("");
    answer.headers_mut().insert(name, http::HeaderValue::from_static(value));
    answer
}

fn headers(request: &Request) -> String {
    let lines =
        request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or("?")));
    lines.collect()
}

fn allocate_for_ever() -> String {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&all);
    }
}

async fn fetch(url: &str) -> String {
    match spin_sdk::http::get(url).await {
        Ok(answer) => body(answer).await,
        Err(error) => error.to_string(),
    }
}

async fn body(answer: Response) -> String {
    match answer.into_body().collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(error) => error.to_string(),
    }
}

/// Counts in the database of this label, or in the default one.
async fn count_up(label: &str) -> Result<String, sqlite::Error> {
    let database = match label {
        "" => sqlite::Connection::open_default().await?,
        label => sqlite::Connection::open(label).await?,
    };
    let none: [sqlite::Value; 0] = [];
    for statement in
        ["CREATE TABLE IF NOT EXISTS visits (at)", "BEGIN IMMEDIATE", "INSERT INTO visits VALUES (1)"]
    {
        database.execute(statement, none.clone()).await?.result().await?;
    }
    let rows = database.execute("SELECT count(*) FROM visits", none.clone()).await?.collect().await?;
    database.execute("COMMIT", none).await?.result().await?;
    Ok(rows[0].get::<i64>(0).unwrap_or_default().to_string())
}

async fn database() -> Result<pg::Connection, pg::Error> {
    pg::Connection::open(variables::get("database_url").await.unwrap_or_default()).await
}

/// The first value that the statement gives, in a transaction.
async fn select(statement: &str) -> Result<String, pg::Error> {
    let statement = decoded(statement);
    let database = database().await?;
    database.execute("BEGIN", &[]).await?;
    let rows = database.query(statement, &[]).await?.collect().await?;
    database.execute("COMMIT", &[]).await?;
    match rows.first().map(|row| &row[0]) {
        Some(pg::DbValue::Str(text)) => Ok(text.clone()),
        other => Ok(format!("no text but {other:?}")),
    }
}

/// Reads so many wide rows one by one, and says how many came.
async fn count_rows(rows: &str) -> Result<String, pg::Error> {
    let database = database().await?;
    let statement = "SELECT repeat('x', 1000) FROM generate_series(1, $1)";
    let mut result = database.query(statement, &[rows.parse::<i32>().unwrap_or_default().into()]).await?;
    let mut count = 0;
    while result.next().await.is_some() {
        count += 1;
    }
    result.result().await?;
    Ok(count.to_string())
}

/// Writes in a transaction that it does not end.
async fn leave_open(statement: &str) -> Result<String, pg::Error> {
    let database = database().await?;
    database.execute("BEGIN", &[]).await?;
    database.execute(decoded(statement), &[]).await?;
    Ok("left".to_owned())
}

fn decoded(argument: &str) -> String {
    argument.replace("%20", " ")
}

async fn wait(milliseconds: u64) {
    wasip3::clocks::monotonic_clock::wait_for(milliseconds * 1_000_000).await;
}

/// Answers at once, and a second later writes to the database.
fn later() -> http::Response<BoxBody> {
    wasip3::spawn(async {
        wait(1_000).await;
        if let Err(error) = count_up("").await {
            eprintln!("later: {error}");
        }
    });
    text("later")
}
