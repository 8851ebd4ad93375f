use super::*;

fn parse(text: &str) -> Result<RuntimeConfig, Vec<String>> {
    RuntimeConfig::parse(text, Path::new("/etc/app"))
}

fn refused(text: &str) -> String {
    parse(text).expect_err("it is refused").join("\n")
}

fn get(config: &RuntimeConfig, name: &str) -> Option<String> {
    let environment = |name: &str| (name == "MY_LEVEL").then(|| "from the environment".to_owned());
    config.providers.iter().find_map(|provider| provider.get(name, &environment))
}

#[test]
fn paths_are_relative_as_in_spin() {
    let config = parse(
        r#"
        state_dir = "state"
        [sqlite_database.finance]
        type = "spin"
        path = "finance.db"
        [key_value_store.carts]
        type = "spin"
        path = "carts.db"
        [key_value_store.users]
        type = "spin"
        path = "/data/users.db"
        "#,
    )
    .unwrap();
    assert_eq!(config.state_dir, Some("state".into()));
    assert_eq!(config.sqlite_databases["finance"], Path::new("finance.db"));
    assert_eq!(config.key_value_stores["carts"], Path::new("/etc/app/carts.db"));
    assert_eq!(config.key_value_stores["users"], Path::new("/data/users.db"));
}

#[test]
fn the_first_provider_that_has_a_value_counts() {
    for key in ["variables_provider", "config_provider"] {
        let config = parse(&format!(
            r#"
            [[{key}]]
            type = "env"
            prefix = "MY"
            [[{key}]]
            type = "static"
            values = {{ level = "fixed", colour = "green" }}
            "#
        ))
        .unwrap();
        assert_eq!(get(&config, "level").as_deref(), Some("from the environment"));
        assert_eq!(get(&config, "colour").as_deref(), Some("green"));
        assert_eq!(get(&config, "size"), None);
    }
}

#[test]
fn a_dotenv_file_stands_in_for_what_the_environment_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let dotenv = folder.path().join("variables.env");
    std::fs::write(&dotenv, "# a comment\nMY_LEVEL=no\nMY_COLOUR=\"dark green\"\nexport MY_SIZE=7\n")
        .unwrap();
    let text = |path: &Path| {
        format!("[[variables_provider]]\ntype = \"env\"\nprefix = \"MY\"\ndotenv_path = {path:?}\n")
    };
    let config = parse(&text(&dotenv)).unwrap();
    assert_eq!(get(&config, "level").as_deref(), Some("from the environment"));
    assert_eq!(get(&config, "colour").as_deref(), Some("dark green"));
    assert_eq!(get(&config, "size").as_deref(), Some("7"));
    assert_eq!(get(&parse(&text(&folder.path().join("missing"))).unwrap(), "colour"), None);

    std::fs::write(&dotenv, "MY_A=1\nmy secret\n").unwrap();
    let sentence = refused(&text(&dotenv));
    assert!(sentence.contains("behind 1 good ones") && !sentence.contains("secret"), "{sentence}");
}

#[test]
fn backends_that_are_not_offered_are_refused_by_name() {
    for (key, kind) in [
        ("sqlite_database", "libsql"),
        ("key_value_store", "redis"),
        ("key_value_store", "azure_cosmos"),
        ("key_value_store", "aws_dynamo"),
    ] {
        let sentence = refused(&format!("[{key}.x]\ntype = {kind:?}\nurl = \"https://secret\""));
        let expected = format!("runtime config: [{key}.x]: type {kind:?} is not supported: only \"spin\" is");
        assert_eq!(sentence, expected);
    }
    for kind in ["vault", "azure_key_vault"] {
        let sentence = refused(&format!("[[variables_provider]]\ntype = {kind:?}\ntoken = \"secret\""));
        assert_eq!(
            sentence,
            format!(
                "runtime config: variables provider 1: type {kind:?} is not supported: only \"static\" or \"env\" is"
            )
        );
    }
    assert!(refused("[llm_compute]\ntype = \"spin\"").contains("`llm_compute` is not supported"));
}

#[test]
fn unknown_keys_and_types_are_all_named() {
    let sentences = refused(
        r#"
        stat_dir = "x"
        [sqlite_database.a]
        type = "spin"
        path = "a.db"
        paht = "b.db"
        [key_value_store.b]
        type = "etcd"
        [key_value_store.c]
        type = "spin"
        [[variables_provider]]
        type = "static"
        values = {}
        prefix = "X"
        "#,
    );
    for part in [
        "unknown key `stat_dir`",
        "[sqlite_database.a]: unknown key `paht`",
        "[key_value_store.b]: unknown type \"etcd\"",
        "[key_value_store.c]: `path` is missing",
        "variables provider 1: unknown key `prefix`",
    ] {
        assert!(sentences.contains(part), "{part} is not in: {sentences}");
    }
}

#[test]
fn neither_sentences_nor_debug_output_show_values() {
    let sentence = refused("a = 1\nb = \"secret");
    assert_eq!(sentence, "runtime config: line 2 is not valid TOML");
    let config = parse("[[variables_provider]]\ntype = \"static\"\nvalues = { a = \"secret\" }").unwrap();
    assert!(!format!("{config:?}").contains("secret"));
}
