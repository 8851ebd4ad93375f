//! `/spin2-key-value?<store>`: what `fermyon:spin/key-value@2.0.0` can do, a line for each thing.

use spin_sdk::wit_bindgen;

wit_bindgen::generate!({
    inline: "package guest:spin2; world old { import fermyon:spin/key-value@2.0.0; }",
    world: "guest:spin2/old",
    path: "../../../runtime-shim/wit",
    runtime_path: "spin_sdk::wit_bindgen::rt",
    generate_all,
});

use fermyon::spin::key_value::{Error, Store};

/// Tells what each function gave.
pub fn run(label: &str) -> Result<String, Error> {
    let store = Store::open(label)?;
    let value =
        |key: &str| Ok::<_, Error>(store.get(key)?.map(|value| String::from_utf8_lossy(&value).into_owned()));
    store.set("old", b"one")?;
    store.set("older", b"two")?;
    let (old, absent) = (value("old")?, value("absent")?);
    store.delete("old")?;
    let there = (store.exists("old")?, store.exists("older")?);
    Ok(format!("{old:?} {absent:?}\n{there:?}\n{:?}", store.get_keys()?))
}
