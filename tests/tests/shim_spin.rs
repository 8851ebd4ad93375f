//! What Spin promises applications, kept by the shim as a process: key-value, runtime configuration, service chaining,
//! a choice of components. The components are those of `tests/guests/`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use tempfile::TempDir;
use tests::slipway::{Options, Slipway, workspace};

const DEADLINE: Duration = Duration::from_secs(20);

/// Where the guests were built to.
fn guest(name: &str) -> String {
    workspace().join(format!("target/wasm32-wasip2/component/guest_{name}.wasm")).display().to_string()
}

/// One component with everything that is granted by label.
fn single() -> String {
    format!(
        r#"
        spin_manifest_version = 2
        application.name = "single"
        [variables]
        level = {{ default = "default" }}
        colour = {{ required = true }}
        [[trigger.http]]
        route = "/..."
        component = "p3"
        [component.p3]
        source = {:?}
        key_value_stores = ["default", "carts"]
        sqlite_databases = ["default", "finance"]
        [component.p3.variables]
        level = "{{{{ level }}}}"
        colour = "{{{{ colour }}}}"
        "#,
        guest("p3")
    )
}

/// Three components of the same code that call each other; `back` has no public route, and `other` may call nobody.
fn chained() -> String {
    let component = |id: &str, hosts: &str| {
        format!(
            r#"
            [component.{id}]
            source = {:?}
            allowed_outbound_hosts = [{hosts}]
            variables = {{ name = "{id}" }}
            "#,
            guest("p3")
        )
    };
    format!(
        r#"
        spin_manifest_version = 2
        application.name = "chained"
        [[trigger.http]]
        route = "/..."
        component = "front"
        [[trigger.http]]
        route = {{ private = true }}
        component = "back"
        [[trigger.http]]
        route = "/other/..."
        component = "other"
        {}{}{}
        "#,
        component("front", r#""http://back.spin.internal", "http://missing.spin.internal", "http://self""#),
        component("back", r#""http://*.spin.internal""#),
        component("other", ""),
    )
}

/// A folder with a manifest, and with a runtime-config file if one is given.
struct App {
    folder: TempDir,
}

impl App {
    fn new(manifest: &str) -> Result<Self> {
        let app = Self { folder: tempfile::tempdir()? };
        app.write("spin.toml", manifest)?;
        Ok(app)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(std::fs::write(self.folder.path().join(name), text)?)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn options(&self) -> Options {
        Options { manifest: self.path().join("spin.toml"), ..Options::default() }
            .with_admin()
            .arg("--drain-delay=0s")
            .state_dir(&self.path().join("state"))
    }

    /// The same with a runtime-config file of this text.
    fn configured(&self, text: &str) -> Result<Options> {
        self.write("runtime-config.toml", text)?;
        let file = self.path().join("runtime-config.toml");
        Ok(self.options().arg("--runtime-config-file").arg(&file.display().to_string()))
    }

    /// What it writes when it does not start.
    async fn refused(&self, options: Options) -> Result<String> {
        let mut slipway = Slipway::spawn(&options)?;
        assert!(!slipway.wait(DEADLINE).await?.success());
        Ok(slipway.log())
    }
}

async fn text(slipway: &Slipway, path: &str) -> Result<String> {
    Ok(slipway.get(path).await?.text())
}

/// A database and a store beside the default ones, and values of variables.
fn everything(folder: &Path) -> String {
    format!(
        r#"
        [sqlite_database.finance]
        type = "spin"
        path = {:?}
        [key_value_store.carts]
        type = "spin"
        path = "data/carts.db"
        [[variables_provider]]
        type = "static"
        values = {{ level = "provided", colour = "green" }}
        "#,
        folder.join("finance.db")
    )
}

#[tokio::test]
async fn keys_outlive_the_process_and_stores_are_apart() -> Result<()> {
    let app = App::new(&single())?;
    let options = app.configured(&everything(app.path()))?;
    let mut first = Slipway::start(options.clone()).await?;
    assert_eq!(text(&first, "/key-value/get?default&a").await?, "nothing");
    assert_eq!(text(&first, "/key-value/set?default&a&one").await?, "set");
    assert_eq!(text(&first, "/key-value/set?default&b&two").await?, "set");
    assert_eq!(text(&first, "/key-value/set?carts&a&three").await?, "set");
    assert_eq!(text(&first, "/key-value/keys?default").await?, "a,b");
    first.kill()?;
    assert!(
        app.path().join("state/sqlite_key_value.db").is_file(),
        "the file has the name that Spin gives it"
    );
    assert!(app.path().join("data/carts.db").is_file(), "its path is relative to the runtime-config file");

    let second = Slipway::start(options).await?;
    assert_eq!(text(&second, "/key-value/get?default&a").await?, "one");
    assert_eq!(text(&second, "/key-value/get?carts&a").await?, "three");
    assert_eq!(text(&second, "/key-value/delete?default&a").await?, "deleted");
    assert_eq!(text(&second, "/key-value/exists?default&a").await?, "false");
    assert_eq!(text(&second, "/key-value/exists?default&b").await?, "true");
    assert_eq!(text(&second, "/key-value/keys?carts").await?, "a");
    assert_eq!(text(&second, "/key-value/get?finance&a").await?, "Error::AccessDenied");
    let calls = [("interface", "spin:key-value")];
    assert!(second.metrics().await?.sum("slipway_host_call_duration_seconds_count", &calls) >= 5.0);
    Ok(())
}

#[tokio::test]
async fn instances_that_write_at_once_wait_for_each_other() -> Result<()> {
    let app = App::new(&single())?;
    let slipway = Slipway::start(app.configured(&everything(app.path()))?).await?;
    let paths: Vec<String> = (0..80).map(|n| format!("/key-value/set?default&key-{n:02}&{n}")).collect();
    for answer in join_all(paths.iter().map(|path| slipway.get(path))).await {
        assert_eq!(answer?.text(), "set");
    }
    let keys = text(&slipway, "/key-value/keys?default").await?;
    assert_eq!(keys.split(',').count(), 80);
    assert_eq!(text(&slipway, "/key-value/get?default&key-41").await?, "41");
    Ok(())
}

#[tokio::test]
async fn wasi_keyvalue_reaches_the_same_stores() -> Result<()> {
    let app = App::new(&single())?;
    let slipway = Slipway::start(app.configured(&everything(app.path()))?).await?;
    let told = text(&slipway, "/wasi-keyvalue?carts").await?;
    let lines: Vec<&str> = told.lines().collect();
    let expected = [
        "7",
        r#"too late for Some("newer"), then true"#,
        r#"Some("newest")"#,
        r#"[("b", Some("2")), ("missing", None)]"#,
        "(false, true)",
        r#"["b", "number", "value"] None"#,
    ];
    assert_eq!(lines, expected);
    assert_eq!(text(&slipway, "/key-value/get?carts&value").await?, "newest");
    assert_eq!(text(&slipway, "/wasi-keyvalue?finance").await?, "Error::AccessDenied");
    Ok(())
}

#[tokio::test]
async fn the_interface_of_older_components_reaches_the_same_stores() -> Result<()> {
    let app = App::new(&single())?;
    let slipway = Slipway::start(app.configured(&everything(app.path()))?).await?;
    assert_eq!(text(&slipway, "/key-value/set?carts&new&three").await?, "set");
    let told = text(&slipway, "/spin2-key-value?carts").await?;
    assert_eq!(told, "Some(\"one\") None\n(false, true)\n[\"new\", \"older\"]");
    assert_eq!(text(&slipway, "/key-value/get?carts&older").await?, "two");
    assert_eq!(text(&slipway, "/spin2-key-value?finance").await?, "Error::AccessDenied");
    Ok(())
}

#[tokio::test]
async fn a_runtime_config_names_databases_and_values_of_variables() -> Result<()> {
    let app = App::new(&single())?;
    let options = app.configured(&everything(app.path()))?;
    let slipway = Slipway::start(options.clone()).await?;
    assert_eq!(text(&slipway, "/sqlite?finance").await?, "1");
    assert_eq!(text(&slipway, "/sqlite?finance").await?, "2");
    assert_eq!(text(&slipway, "/sqlite").await?, "1", "the default database is another one");
    assert!(app.path().join("finance.db").is_file());
    assert_eq!(text(&slipway, "/variable?level").await?, "provided");
    assert_eq!(text(&slipway, "/variable?colour").await?, "green");
    drop(slipway);

    let mut options = options;
    options.env.push(("SPIN_VARIABLE_LEVEL".into(), "environment".into()));
    let slipway = Slipway::start(options).await?;
    assert_eq!(
        text(&slipway, "/variable?level").await?,
        "environment",
        "the environment goes before providers"
    );
    Ok(())
}

#[tokio::test]
async fn a_runtime_config_may_come_by_the_environment_and_name_the_state_folder() -> Result<()> {
    let app = App::new(&single())?;
    let state = app.path().join("elsewhere");
    let config = format!("state_dir = {state:?}\n{}", everything(app.path()));
    let mut options = app.configured(&config)?;
    let file = options.args.pop().unwrap_or_default();
    options.args.retain(|argument| argument != "--runtime-config-file");
    options.env.push(("RUNTIME_CONFIG_FILE".into(), file));
    let slipway = Slipway::start(options).await?;
    assert_eq!(text(&slipway, "/key-value/set?default&a&1").await?, "set");
    assert!(app.path().join("state/sqlite_key_value.db").is_file(), "--state-dir goes before the file");
    assert!(!state.exists());
    Ok(())
}

#[tokio::test]
async fn labels_and_backends_that_are_not_there_are_refused_at_start() -> Result<()> {
    let app = App::new(&single())?;
    let log = app.refused(app.options().variable("colour", "red")).await?;
    assert!(log.contains("component p3: there is no SQLite database \"finance\""), "{log}");
    assert!(log.contains("component p3: there is no key-value store \"carts\""), "{log}");
    let redis = "[key_value_store.carts]\ntype = \"redis\"\nurl = \"redis://secret\"";
    let log = app.refused(app.configured(redis)?).await?;
    assert!(log.contains("[key_value_store.carts]: type \"redis\" is not supported"), "{log}");
    assert!(!log.contains("secret"), "{log}");
    Ok(())
}

#[tokio::test]
async fn components_call_each_other_without_being_public() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options()).await?;
    assert_eq!(text(&slipway, "/variable?name").await?, "front");
    assert_eq!(text(&slipway, "/fetch?http://back.spin.internal/variable?name").await?, "back");
    let nested = "/fetch?http://back.spin.internal/fetch?http://other.spin.internal/variable?name";
    assert_eq!(text(&slipway, nested).await?, "other");
    assert_eq!(
        text(&slipway, "/fetch?http://back.spin.internal/fail").await?,
        "",
        "an error status is an answer"
    );

    let metrics = slipway.metrics().await?;
    assert_eq!(metrics.sum("http_requests_total", &[]), 4.0, "only requests of clients are traffic");
    assert_eq!(metrics.sum("http_requests_total", &[("component", "front")]), 4.0);
    let calls = [("interface", "spin.internal")];
    assert_eq!(metrics.sum("slipway_host_call_duration_seconds_count", &calls), 4.0);
    assert_eq!(metrics.value("http_requests_in_flight", &[]), Some(0.0));
    Ok(())
}

#[tokio::test]
async fn a_called_component_sees_spins_headers_and_the_id_of_the_clients_request() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options()).await?;
    let id = [("x-request-id", "client-7")];
    let url = slipway.url("/fetch?http://back.spin.internal/headers?a=b");
    let headers = slipway.client().send(hyper::Method::GET, &url, &id, Default::default()).await?.text();
    for line in [
        "spin-full-url: http://back.spin.internal/headers?a=b\n",
        "spin-path-info: /headers\n",
        "spin-raw-component-route: /...\n",
        "spin-client-addr: 0.0.0.0:0\n",
        "x-request-id: client-7\n",
    ] {
        assert!(headers.contains(line), "{line} is not in: {headers}");
    }
    Ok(())
}

#[tokio::test]
async fn a_trap_of_a_called_component_is_a_500_to_its_caller_alone() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options()).await?;
    let answer = slipway.get("/fetch?http://back.spin.internal/panic").await?;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("the application failed"), "{}", answer.text());
    assert_eq!(text(&slipway, "/fetch?http://back.spin.internal/variable?name").await?, "back");
    Ok(())
}

#[tokio::test]
async fn calls_are_refused_where_the_manifest_does_not_allow_them() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options()).await?;
    let through =
        "/fetch?http://back.spin.internal/fetch?http://other.spin.internal/fetch?http://back.spin.internal/";
    assert!(text(&slipway, through).await?.contains("HttpRequestDenied"));
    let directly = text(&slipway, "/fetch?http://other.spin.internal/hello").await?;
    assert!(directly.contains("HttpRequestDenied"), "{directly}");
    let missing = text(&slipway, "/fetch?http://missing.spin.internal/hello").await?;
    assert!(missing.contains("DestinationNotFound"), "{missing}");
    assert!(slipway.log().contains("no component \"missing\""));
    Ok(())
}

#[tokio::test]
async fn components_that_call_each_other_in_a_circle_are_stopped() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options()).await?;
    let calls = |depth| format!("{}/hello", "/fetch?http://back.spin.internal".repeat(depth));
    assert_eq!(text(&slipway, &calls(8)).await?, "hello");
    assert!(text(&slipway, &calls(9)).await?.contains("LoopDetected"));
    assert!(slipway.log().contains("call each other in a circle"));
    Ok(())
}

#[tokio::test]
async fn requests_to_self_go_by_the_applications_own_routes() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options()).await?;
    assert_eq!(text(&slipway, "/fetch?http://self.alt/variable?name").await?, "front");
    assert_eq!(text(&slipway, "/fetch?http://self/variable?name").await?, "front");
    let headers = text(&slipway, "/fetch?http://self/headers").await?;
    assert!(headers.contains("spin-full-url: http://localhost/headers\n"), "{headers}");
    let metrics = slipway.metrics().await?;
    assert_eq!(metrics.sum("http_requests_total", &[]), 6.0, "they are requests like those of clients");
    Ok(())
}

#[tokio::test]
async fn only_the_components_that_are_asked_for_are_served() -> Result<()> {
    let app = App::new(&chained())?;
    let slipway = Slipway::start(app.options().arg("--component-id").arg("other")).await?;
    assert_eq!(slipway.get("/hello").await?.status, 404, "the route of front is gone");
    assert_eq!(slipway.get("/other/hello").await?.status, 404);
    let metrics = slipway.metrics().await?;
    assert_eq!(metrics.sum("http_requests_total", &[("component", "other")]), 1.0);
    assert_eq!(metrics.value("http_responses_total", &[("component", "back"), ("class", "2xx")]), None);
    drop(slipway);

    let slipway = Slipway::start(app.options().arg("--component-id=front")).await?;
    assert_eq!(text(&slipway, "/fetch?http://back.spin.internal/variable?name").await?, "back");
    assert_eq!(
        slipway.get("/other/variable?name").await?.status,
        404,
        "front takes the path, and knows it not"
    );
    let through = "/fetch?http://back.spin.internal/fetch?http://other.spin.internal/variable?name";
    assert_eq!(text(&slipway, through).await?, "other", "what is called is there as well");
    Ok(())
}

#[tokio::test]
async fn an_unknown_component_id_is_told_with_those_that_there_are() -> Result<()> {
    let app = App::new(&chained())?;
    let log = app.refused(app.options().arg("--component-id=fornt")).await?;
    assert!(log.contains("there is no component fornt; the application has back, front, other"), "{log}");
    Ok(())
}

#[tokio::test]
async fn each_interface_of_the_sdk_that_is_not_offered_is_refused_by_name() -> Result<()> {
    let interfaces = [
        "fermyon:spin/llm@2.0.0",
        "fermyon:spin/mysql@2.0.0",
        "fermyon:spin/redis@2.0.0",
        "spin:mqtt/mqtt@3.0.0",
        "spin:mysql/mysql@3.0.0",
        "spin:redis/redis@3.0.0",
        "wasi:blobstore/blobstore@0.2.0-draft-2024-09-01",
        "wasi:config/store@0.2.0-draft-2024-09-27",
        "wasi:keyvalue/watcher@0.2.0-draft2",
        "wasi:otel/tracing@0.2.0-rc.2",
    ];
    let imports: String = interfaces.iter().map(|name| format!("(import {name:?} (instance))")).collect();
    let app = App::new(
        r#"
        spin_manifest_version = 2
        application.name = "x"
        [[trigger.http]]
        route = "/..."
        component = "shop"
        [component.shop]
        source = "shop.wasm"
        "#,
    )?;
    std::fs::write(app.path().join("shop.wasm"), wat::parse_str(format!("(component {imports})"))?)?;
    let log = app.refused(app.options()).await?;
    for name in interfaces {
        let sentence = format!("component shop imports {name}, which is not offered\n");
        assert_eq!(log.matches(&sentence).count(), 1, "{sentence} is not once in: {log}");
    }
    Ok(())
}
