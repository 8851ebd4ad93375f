use std::os::unix::fs::PermissionsExt;

use super::*;

/// The smallest component: <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md>.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn kept(folder: &Path) -> (Engine, Cache, Key) {
    let engine = Engine::default();
    let cache = Cache::open(&folder.join("cache"), Readers::Owner).unwrap();
    cache.component(&engine, EMPTY).unwrap();
    let key = Key::new(&engine, EMPTY);
    (engine, cache, key)
}

#[test]
fn what_was_compiled_is_found_again_as_it_was() {
    let scratch = tempfile::tempdir().unwrap();
    let (engine, cache, key) = kept(scratch.path());
    let found = cache.find(&key).unwrap().unwrap();
    assert!(found.bytes() == Artifact::compile(&engine, EMPTY).unwrap().bytes());
    assert!(found.load(&engine).is_ok());
    assert!(cache.find(&Key::new(&engine, b"another")).unwrap().is_none());
}

#[test]
fn no_flipped_byte_is_let_through() {
    let scratch = tempfile::tempdir().unwrap();
    let (_, cache, key) = kept(scratch.path());
    let good = fs::read(cache.file(&key)).unwrap();
    let places = (0..header::LENGTH + 16).chain((0..good.len()).step_by(257)).chain([good.len() - 1]);
    for place in places {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(cache.file(&key), bad).unwrap();
        assert!(matches!(cache.find(&key), Err(Refused::Damaged(_))), "byte {place}");
    }
}

#[test]
fn an_artifact_of_another_engine_is_compiled_again() {
    let scratch = tempfile::tempdir().unwrap();
    let (_, cache, key) = kept(scratch.path());
    let other = Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    let other_key = Key::new(&other, EMPTY);
    fs::copy(cache.file(&key), cache.file(&other_key)).unwrap();
    assert!(matches!(cache.find(&other_key), Err(Refused::Damaged(Damage::Foreign))));
    assert!(cache.component(&other, EMPTY).is_ok());
    assert!(cache.find(&other_key).unwrap().is_some(), "replaced by a good one");
}

#[test]
fn an_artifact_that_wasmtime_itself_refuses_is_compiled_again() {
    let scratch = tempfile::tempdir().unwrap();
    let (engine, cache, key) = kept(scratch.path());
    let other = Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    cache.store(&key, &Artifact::compile(&other, EMPTY).unwrap()).unwrap();
    assert!(cache.find(&key).unwrap().unwrap().load(&engine).is_err());
    assert!(cache.component(&engine, EMPTY).is_ok());
    assert!(cache.find(&key).unwrap().unwrap().load(&engine).is_ok());
}

#[test]
fn files_and_folders_that_others_can_write_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (_, cache, key) = kept(scratch.path());
    fs::set_permissions(cache.file(&key), fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(cache.find(&key), Err(Refused::Untrusted(Untrusted::Writable(0o666)))));
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(matches!(Cache::open(&cache.folder, Readers::Owner), Err(Unusable::Untrusted { .. })));
}

#[test]
fn what_is_no_component_is_an_error_and_is_not_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let cache = Cache::open(scratch.path(), Readers::Owner).unwrap();
    let error = cache.component(&Engine::default(), b"(component)").err().unwrap();
    assert!(!format!("{error:#}").is_empty());
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}
