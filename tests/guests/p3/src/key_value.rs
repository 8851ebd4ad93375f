//! `/key-value/<operation>?<store>&<key>&<value>`

use spin_sdk::key_value::{Error, Store};

/// Does one operation and tells what came of it.
pub async fn run(operation: &str, argument: &str) -> Result<String, Error> {
    let mut parts = argument.splitn(3, '&').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let (store, key, value) = (Store::open(next()).await?, next(), next());
    Ok(match operation {
        "set" => {
            store.set(key, value).await?;
            "set".to_owned()
        }
        "get" => match store.get(key).await? {
            Some(value) => String::from_utf8_lossy(&value).into_owned(),
            None => "nothing".to_owned(),
        },
        "delete" => {
            store.delete(key).await?;
            "deleted".to_owned()
        }
        "exists" => store.exists(key).await?.to_string(),
        "keys" => store.get_keys().await.collect().await?.join(","),
        _ => "no such operation".to_owned(),
    })
}
