use std::path::Path;

use futures::StreamExt;
use futures::future::join_all;

use super::super::keys::pages;
use super::*;

fn store(folder: &Path, label: &str) -> Arc<Store> {
    Store::new(label.to_owned(), Database::new(folder.join("test.db")))
}

fn new() -> (tempfile::TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), "default");
    (folder, store)
}

#[tokio::test]
async fn what_was_set_is_there_until_it_is_deleted() {
    let (folder, store_one) = new();
    assert_eq!(store_one.get("a").await.unwrap(), None);
    store_one.set("a", vec![0, 255]).await.unwrap();
    store_one.set("a", vec![1]).await.unwrap();
    let again = store(folder.path(), "default");
    assert_eq!(again.get("a").await.unwrap(), Some(vec![1]));
    assert!(again.exists("a").await.unwrap());
    again.delete("a").await.unwrap();
    again.delete("a").await.unwrap();
    assert!(!store_one.exists("a").await.unwrap());
}

#[tokio::test]
async fn stores_in_one_file_do_not_see_each_other() {
    let (folder, default) = new();
    let other = store(folder.path(), "other");
    default.set("a", vec![1]).await.unwrap();
    assert_eq!(other.get("a").await.unwrap(), None);
    assert!(other.keys(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn keys_come_in_pages_and_each_once() {
    let (_folder, store) = new();
    let numbered = (0..2 * PAGE).map(|number| format!("key {number:05}"));
    let keys: Vec<String> = std::iter::once(String::new()).chain(numbered).collect();
    store.set_many(keys.iter().map(|key| (key.clone(), Vec::new())).collect()).await.unwrap();
    let pages: Vec<_> = pages(store).collect().await;
    let pages: Vec<Vec<String>> = pages.into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [PAGE, PAGE, 1]);
    assert_eq!(pages.concat(), keys);
}

#[tokio::test]
async fn increments_at_once_are_all_counted_also_from_two_processes() {
    let (folder, one) = new();
    // As another process would, it shares nothing with the first but the file.
    let other = store(folder.path(), "default");
    let sums = join_all((0..25).flat_map(|_| [one.increment("n", 2), other.increment("n", 2)])).await;
    let mut sums: Vec<i64> = sums.into_iter().collect::<Result<_, _>>().unwrap();
    sums.sort_unstable();
    assert_eq!(sums, (1..=50).map(|number| number * 2).collect::<Vec<i64>>());
}

#[tokio::test]
async fn what_is_no_number_is_not_incremented() {
    let (_folder, store) = new();
    store.set("n", b"text".to_vec()).await.unwrap();
    assert!(matches!(store.increment("n", 1).await, Err(StoreError::NotANumber)));
    store.set("n", i64::MAX.to_le_bytes().to_vec()).await.unwrap();
    assert!(matches!(store.increment("n", 1).await, Err(StoreError::NotANumber)));
    assert_eq!(store.increment("n", -1).await.unwrap(), i64::MAX - 1, "no transaction was left open");
}

#[tokio::test]
async fn only_the_first_of_two_swaps_wins() {
    let (_folder, store) = new();
    for old in [None, Some(vec![1])] {
        let first = store.compare_and_swap("a".to_owned()).await.unwrap();
        let second = store.compare_and_swap("a".to_owned()).await.unwrap();
        assert_eq!(first.value, old);
        assert!(first.swap(vec![1, 2]).await.unwrap());
        assert!(!second.swap(vec![3]).await.unwrap());
        assert_eq!(store.get("a").await.unwrap(), Some(vec![1, 2]));
        store.set("a", vec![1]).await.unwrap();
    }
}

#[tokio::test]
async fn keys_and_values_have_limits() {
    let (_folder, store) = new();
    let long = "x".repeat(MAX_KEY + 1);
    assert!(matches!(store.set(&long, vec![]).await, Err(StoreError::KeyTooLong(_))));
    assert!(matches!(store.get(&long).await, Err(StoreError::KeyTooLong(_))));
    store.set("big", vec![7; MAX_VALUE]).await.unwrap();
    assert!(matches!(store.set("big", vec![7; MAX_VALUE + 1]).await, Err(StoreError::ValueTooBig(_))));
    assert_eq!(store.get("big").await.unwrap().map(|value| value.len()), Some(MAX_VALUE));
}

#[tokio::test]
async fn of_several_pairs_all_are_set_or_none() {
    let (_folder, store) = new();
    let pairs = vec![("a".to_owned(), vec![1]), ("b".to_owned(), vec![0; MAX_VALUE + 1])];
    assert!(store.set_many(pairs).await.is_err());
    assert!(!store.exists("a").await.unwrap());
    store.set_many(vec![("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])]).await.unwrap();
    store.delete_many(&["a".to_owned(), "missing".to_owned()]).await.unwrap();
    assert_eq!(store.keys(None).await.unwrap(), ["b"]);
}

#[test]
fn a_store_that_was_not_granted_is_denied() {
    assert!(matches!(Stores::default().open("default"), Err(StoreError::NotGranted)));
}
