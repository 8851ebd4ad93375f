//! The interface against a real server, without a component around it.

use std::time::{Duration, Instant};

use ::tests::postgres::{PASSWORD, Postgres as Server, USER};
use ::tests::wait::eventually;
use futures::future::join_all;

use super::*;
use crate::metrics::Metrics;

const IDLE: Duration = Duration::from_millis(400);

fn pools(size: usize) -> Arc<Pools> {
    let settings = Settings {
        size,
        wait_timeout: Duration::from_millis(300),
        connect_timeout: Duration::from_secs(5),
        statement_timeout: Some(Duration::from_secs(20)),
        idle_timeout: IDLE,
    };
    Pools::new(settings, Arc::new(Metrics::new().unwrap()))
}

fn component(pools: &Arc<Pools>) -> Postgres {
    Postgres::new(AllowedHosts::parse(&["postgres://127.0.0.1:*"]).unwrap(), Arc::clone(pools))
}

fn session(pools: &Arc<Pools>, url: &str) -> Session {
    component(pools).open(url.to_owned(), None).unwrap()
}

fn from<T>(value: T) -> Option<(T, RangeBoundKind)> {
    Some((value, RangeBoundKind::Inclusive))
}

fn below<T>(value: T) -> Option<(T, RangeBoundKind)> {
    Some((value, RangeBoundKind::Exclusive))
}

/// Sends a value as the type, and reads it back.
async fn there_and_back(session: &Session, ty: &str, value: ParameterValue) -> DbValue {
    let mut result = session.query(&format!("SELECT $1::{ty}"), &[value]).await.unwrap();
    result.rows.remove(0).remove(0)
}

#[tokio::test]
async fn every_type_goes_both_ways() {
    let server = Server::start().await.unwrap();
    let session = session(&pools(1), &server.url());
    macro_rules! check {
        ($ty:literal, $variant:ident, $value:expr) => {
            let back = there_and_back(&session, $ty, ParameterValue::$variant($value)).await;
            let DbValue::$variant(value) = back else { panic!("{} came back as {back:?}", $ty) };
            assert_eq!(format!("{value:?}"), format!("{:?}", $value), "{}", $ty);
        };
    }
    check!("bool", Boolean, true);
    check!("\"char\"", Int8, -5_i8);
    check!("int2", Int16, i16::MIN);
    check!("int4", Int32, i32::MAX);
    check!("int8", Int64, i64::MIN);
    check!("float4", Floating32, 1.5_f32);
    check!("float8", Floating64, f64::MIN_POSITIVE);
    check!("text", Str, "naïve 日本".to_owned());
    check!("varchar(3)", Str, "abc".to_owned());
    check!("bytea", Binary, vec![0_u8, 255, 7]);
    check!("date", Date, (-43_i32, 3_u8, 15_u8));
    check!("time", Time, (23_u8, 59_u8, 59_u8, 999_999_000_u32));
    check!("timestamp", Datetime, (2026_i32, 2_u8, 28_u8, 1_u8, 2_u8, 3_u8, 4_000_u32));
    check!("timestamptz", Datetime, (1969_i32, 12_u8, 31_u8, 23_u8, 59_u8, 59_u8, 1_000_u32));
    check!("uuid", Uuid, "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned());
    check!("jsonb", Jsonb, br#"{"a": [1, null]}"#.to_vec());
    check!("numeric", Decimal, "-123456789012345678901234567890.000000000012340".to_owned());
    check!("numeric", Decimal, "NaN".to_owned());
    check!("int4range", RangeInt32, (from(-3), below(9)));
    check!("int8range", RangeInt64, (from(1_i64), None::<(i64, RangeBoundKind)>));
    check!("numrange", RangeDecimal, (None::<(String, RangeBoundKind)>, from("1.50".to_owned())));
    check!("int4[]", ArrayInt32, vec![Some(1), None, Some(3)]);
    check!("int8[]", ArrayInt64, vec![Some(i64::MAX), None]);
    check!("numeric[]", ArrayDecimal, vec![Some("1.10".to_owned()), None]);
    check!("text[]", ArrayStr, vec![Some("a,b".to_owned()), None, Some(String::new())]);
    check!("interval", Interval, super::Interval { micros: -7, days: 3, months: 14 });
    assert!(matches!(there_and_back(&session, "int4", ParameterValue::DbNull).await, DbValue::DbNull));
    let point = session.query("SELECT point(1, 2), 'empty'::int4range", &[]).await.unwrap();
    assert!(matches!(&point.rows[0][0], DbValue::Unsupported(raw) if raw.len() == 16));
    assert!(matches!(&point.columns[0].data_type, DbDataType::Other(name) if name == "point"));
    let DbValue::RangeInt32(empty) = point.rows[0][1] else { panic!("not a range") };
    let again =
        session.query("SELECT isempty($1::int4range)", &[ParameterValue::RangeInt32(empty)]).await.unwrap();
    assert!(matches!(again.rows[0][0], DbValue::Boolean(true)));
    let at = session.query("SELECT $1::timestamptz", &[ParameterValue::Timestamp(86_401)]).await.unwrap();
    assert!(matches!(at.rows[0][0], DbValue::Datetime((1970, 1, 2, 0, 0, 1, 0))));
}

#[tokio::test]
async fn a_value_of_the_wrong_type_or_number_is_one_clear_sentence() {
    let server = Server::start().await.unwrap();
    let session = session(&pools(1), &server.url());
    let error = session.execute("SELECT $1::int8", &[ParameterValue::Int32(1)]).await.unwrap_err();
    assert!(
        error.to_string().contains("parameter $1: the statement expects a value of type int8"),
        "{error}"
    );
    let error = session.execute("SELECT $1::int8", &[]).await.unwrap_err();
    assert!(matches!(error, Error::BadParameter(_)), "{error}");
    let error = session.query("SELECT 'infinity'::date AS day", &[]).await.unwrap_err();
    assert!(matches!(&error, Error::ValueConversionFailed(text) if text.contains("day")), "{error}");
    let error = session.execute("SELECT 1/0", &[]).await.unwrap_err();
    let Error::QueryFailed(QueryError::DbError(error)) = error else { panic!("{error}") };
    assert_eq!((error.code.as_str(), error.severity.as_str()), ("22012", "ERROR"));
}

#[tokio::test]
async fn what_a_session_leaves_is_taken_back_before_the_next_has_the_connection() {
    let server = Server::start().await.unwrap();
    let pools = pools(1);
    let first = session(&pools, &server.url());
    first.execute("CREATE TABLE kept (x int)", &[]).await.unwrap();
    for statement in [
        "SET search_path TO nowhere",
        "SELECT pg_advisory_lock(7)",
        "CREATE TEMP TABLE left_over (x int)",
        "BEGIN",
        "INSERT INTO public.kept VALUES (1)",
    ] {
        first.execute(statement, &[]).await.unwrap();
    }
    drop(first);
    let second = session(&pools, &server.url());
    let counts = "SELECT count(*), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') FROM kept";
    let result = second.query(counts, &[]).await.unwrap();
    assert!(matches!(result.rows[0][..], [DbValue::Int64(0), DbValue::Int64(0)]), "{:?}", result.rows);
    assert!(second.execute("SELECT * FROM left_over", &[]).await.is_err());
    let other = server.client().await.unwrap();
    let backends = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
    assert_eq!(other.query_one(backends, &[]).await.unwrap().get::<_, i64>(0), 2, "the connection was kept");
}

#[tokio::test]
async fn what_leaves_nothing_costs_no_cleaning() {
    let server = Server::start().await.unwrap();
    let other = server.client().await.unwrap();
    let last =
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let pools = pools(1);
    for (statement, cleaned) in
        [("SELECT 1 AS plain", false), ("SET DateStyle TO ISO", true), ("SELECT 1/0", true)]
    {
        // One of them fails.
        let _ = session(&pools, &server.url()).query(statement, &[]).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let query: String = other.query_one(last, &[]).await.unwrap().get(0);
        assert_eq!(query.contains("DISCARD"), cleaned, "{statement} was followed by {query}");
    }
}

#[tokio::test]
async fn a_statement_that_was_given_up_is_cancelled_and_its_locks_are_free() {
    let server = Server::start().await.unwrap();
    let pools = pools(2);
    let first = session(&pools, &server.url());
    first.execute("CREATE TABLE kept (x int)", &[]).await.unwrap();
    first.execute("BEGIN", &[]).await.unwrap();
    first.execute("LOCK TABLE kept", &[]).await.unwrap();
    let sleep = first.execute("SELECT pg_sleep(60)", &[]);
    assert!(tokio::time::timeout(Duration::from_millis(200), sleep).await.is_err());
    drop(first);
    let began = Instant::now();
    session(&pools, &server.url()).execute("INSERT INTO kept VALUES (1)", &[]).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_a_clear_error_in_time() {
    let server = Server::start().await.unwrap();
    let pools = pools(1);
    let holder = session(&pools, &server.url());
    holder.execute("SELECT 1", &[]).await.unwrap();
    let began = Instant::now();
    let error = session(&pools, &server.url()).execute("SELECT 1", &[]).await.unwrap_err();
    assert!(error.to_string().contains("all 1 connections to the database were in use for 300ms"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2));
    pools.ping().await.expect("a busy database answers");
    pools.observe();
    let metrics = String::from_utf8(pools.metrics().render().unwrap()).unwrap();
    for line in ["slipway_postgres_connections{state=\"in_use\"} 1", "slipway_postgres_pool_size 1"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn many_sessions_share_few_connections() {
    let server = Server::start().await.unwrap();
    let pools = pools(4);
    session(&pools, &server.url()).execute("CREATE TABLE counter (x int)", &[]).await.unwrap();
    let writes = (0..100).map(|_| {
        let session = session(&pools, &server.url());
        async move {
            for statement in ["BEGIN", "INSERT INTO counter VALUES (1)", "COMMIT"] {
                session.execute(statement, &[]).await?;
            }
            Ok::<(), Error>(())
        }
    });
    let failed = join_all(writes).await.into_iter().filter_map(Result::err).count();
    let client = server.client().await.unwrap();
    let count: i64 = client.query_one("SELECT count(*) FROM counter", &[]).await.unwrap().get(0);
    assert_eq!((failed, count), (0, 100));
}

#[tokio::test]
async fn rows_arrive_before_the_statement_has_ended() {
    let server = Server::start().await.unwrap();
    let session = session(&pools(1), &server.url());
    let endless = "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)";
    let mut running = session.start(endless, &[]).await.unwrap();
    for _ in 0..1_000 {
        assert!(running.next().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_prepared_statement_outlives_a_change_of_the_schema() {
    let server = Server::start().await.unwrap();
    let session = session(&pools(1), &server.url());
    session.execute("CREATE TABLE wide (a int)", &[]).await.unwrap();
    session.execute("INSERT INTO wide VALUES (1)", &[]).await.unwrap();
    assert_eq!(session.query("SELECT * FROM wide", &[]).await.unwrap().columns.len(), 1);
    server.client().await.unwrap().batch_execute("ALTER TABLE wide ADD b int").await.unwrap();
    assert_eq!(session.query("SELECT * FROM wide", &[]).await.unwrap().columns.len(), 2);
}

#[tokio::test]
async fn a_stopped_server_is_a_clear_error_and_recovers_by_itself() {
    let mut server = Server::start().await.unwrap();
    let pools = pools(2);
    session(&pools, &server.url()).execute("SELECT 1", &[]).await.unwrap();
    pools.ping().await.unwrap();
    server.stop().await.unwrap();
    let error = session(&pools, &server.url()).execute("SELECT 1", &[]).await.unwrap_err().to_string();
    assert!(error.contains("the database does not accept connections"), "{error}");
    assert!(!error.contains(PASSWORD), "{error}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    pools.ping().await.unwrap_err();
    server.start_again().await.unwrap();
    session(&pools, &server.url()).execute("SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Server::start().await.unwrap();
    let url = server.url().replace(PASSWORD, "hunter2");
    let error = session(&pools(1), &url).execute("SELECT 1", &[]).await.unwrap_err().to_string();
    assert!(error.contains("password authentication failed for user") && error.contains(USER), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let server = Server::start().await.unwrap();
    let url = format!("{}?sslmode=require", server.url());
    let error = session(&pools(1), &url).execute("SELECT 1", &[]).await.unwrap_err().to_string();
    assert!(error.contains("server does not support TLS"), "{error}");
}

#[tokio::test]
async fn connections_that_nobody_uses_are_closed_and_their_pool_is_dropped() {
    let server = Server::start().await.unwrap();
    let pools = pools(4);
    tokio::spawn(Arc::clone(&pools).close_idle());
    let used = || async { session(&pools, &server.url()).execute("SELECT 1", &[]).await.unwrap() };
    join_all((0..4).map(|_| used())).await;
    pools.ping().await.unwrap();
    let other = server.client().await.unwrap();
    let open = || async {
        let statement = "SELECT count(*) FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid <> pg_backend_pid()";
        other.query_one(statement, &[]).await.unwrap().get::<_, i64>(0)
    };
    assert!(open().await >= 2, "connections and the probe's own are open");
    let none = || async { (open().await == 0 && pools.is_empty()).then_some(()) };
    eventually(Duration::from_secs(10), "connections to vanish", none).await;
    used().await;
    assert_eq!(open().await, 1, "the next one that comes gets a new connection");
}

#[tokio::test]
async fn a_connection_in_use_is_not_idle() {
    let server = Server::start().await.unwrap();
    let pools = pools(1);
    tokio::spawn(Arc::clone(&pools).close_idle());
    let session = session(&pools, &server.url());
    session.execute("BEGIN", &[]).await.unwrap();
    session.execute("CREATE TABLE own (x int)", &[]).await.unwrap();
    tokio::time::sleep(IDLE * 3).await;
    session.execute("INSERT INTO own VALUES (1)", &[]).await.expect("still in the same transaction");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_of_until_it_does() {
    let mut server = Server::start().await.unwrap();
    let pools = pools(1);
    tokio::spawn(Arc::clone(&pools).close_idle());
    session(&pools, &server.url()).execute("SELECT 1", &[]).await.unwrap();
    server.stop().await.unwrap();
    let failing = || async { pools.ping().await.is_err().then_some(()) };
    eventually(Duration::from_secs(5), "readiness to go", failing).await;
    tokio::time::sleep(IDLE * 4).await;
    pools.ping().await.expect_err("an unused pool is not forgotten while its database is down");
    server.start_again().await.unwrap();
    let ready = || async { pools.ping().await.is_ok().then_some(()) };
    eventually(Duration::from_secs(5), "readiness to come back", ready).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_is_noticed_soon_and_a_slow_statement_is_waited_for() {
    let mut server = Server::start().await.unwrap();
    let pools = pools(2);
    let slow = session(&pools, &server.url());
    slow.execute("SELECT pg_sleep(4)", &[]).await.expect("the database answers others meanwhile");
    server.freeze().await.unwrap();
    let began = Instant::now();
    let statements = [slow, session(&pools, &server.url())];
    for result in join_all(statements.iter().map(|session| session.execute("SELECT 1", &[]))).await {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("the database"), "{error}");
    }
    pools.ping().await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    server.thaw();
    let ready = || async { pools.ping().await.is_ok().then_some(()) };
    eventually(Duration::from_secs(5), "readiness to come back", ready).await;
    let again = || async { session(&pools, &server.url()).execute("SELECT 1", &[]).await.ok() };
    eventually(Duration::from_secs(5), "statements to work again", again).await;
}
