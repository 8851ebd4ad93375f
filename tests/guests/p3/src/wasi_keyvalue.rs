//! `/wasi-keyvalue?<store>`: what `wasi:keyvalue` can do, a line for each thing.

use spin_sdk::wit_bindgen;

wit_bindgen::generate!({
    world: "keyvalue",
    path: "wit",
    runtime_path: "spin_sdk::wit_bindgen::rt",
    generate_all,
});

use wasi::keyvalue::atomics::{Cas, CasError, increment, swap};
use wasi::keyvalue::batch::{delete_many, get_many, set_many};
use wasi::keyvalue::store::{Error, open};

/// Tells what each function gave.
pub fn run(store: &str) -> Result<String, Error> {
    let bucket = open(store)?;
    increment(&bucket, "number", 5)?;
    let sum = increment(&bucket, "number", 2)?;

    bucket.set("value", b"old")?;
    let cas = Cas::new(&bucket, "value")?;
    bucket.set("value", b"newer")?;
    let swapped = match swap(cas, b"newest") {
        Err(CasError::CasFailed(fresh)) => {
            let current = fresh.current()?;
            let again = swap(fresh, b"newest").is_ok();
            format!("too late for {:?}, then {again}", current.map(text))
        }
        other => format!("{other:?}"),
    };
    let value = bucket.get("value")?.map(text);

    set_many(&bucket, &[("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"2".to_vec())])?;
    let many = get_many(&bucket, &["b".to_owned(), "missing".to_owned()])?;
    let many: Vec<_> = many.into_iter().map(|(key, value)| (key, value.map(text))).collect();
    delete_many(&bucket, &["a".to_owned(), "missing".to_owned()])?;
    bucket.delete("missing")?;
    let there = (bucket.exists("a")?, bucket.exists("b")?);
    let keys = bucket.list_keys(None)?;
    Ok(format!("{sum}\n{swapped}\n{value:?}\n{many:?}\n{there:?}\n{:?} {:?}", keys.keys, keys.cursor))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
