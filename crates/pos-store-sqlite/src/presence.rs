//! Telling a worker that died from one that works.
//!
//! A lease ends by itself after a while, but a process that was killed and starts again should not have to wait for
//! that. So every open store that takes a lease keeps a small file beside the database locked (the operating system
//! takes the lock away with the process), and the lease names that file: whose file can be locked by somebody else is
//! dead.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How old a file without an owner is before it is cleared away.
const OLD: Duration = Duration::from_secs(3600);

/// The sign that a store is open. The file goes with it.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    mine: Mutex<Option<Sign>>,
}

#[derive(Debug)]
struct Sign {
    name: String,
    path: PathBuf,
    // Held for its lock.
    _file: File,
}

impl Drop for Sign {
    fn drop(&mut self) {
        // A sign that stays behind is cleared away later.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn path_of(db: &Path, name: &str) -> PathBuf {
    let mut path = db.as_os_str().to_owned();
    path.push(format!("-worker-{name}"));
    path.into()
}

impl Presence {
    /// The name of this store's sign, which is put up when it is asked for first. `None` where files cannot be locked:
    /// leases then only end by time.
    pub(crate) fn name(&self, db: &Path) -> Option<String> {
        let mut mine = self.mine.lock().unwrap_or_else(PoisonError::into_inner);
        if mine.is_none() {
            clear(db);
            let started =
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
            let name = format!("{}-{started}", std::process::id());
            let path = path_of(db, &name);
            let file = OpenOptions::new().write(true).create_new(true).open(&path).ok()?;
            if file.try_lock().is_err() {
                let _ = std::fs::remove_file(&path);
                return None;
            }
            *mine = Some(Sign { name, path, _file: file });
        }
        mine.as_ref().map(|sign| sign.name.clone())
    }

    /// Whether the store with this sign is surely gone.
    pub(crate) fn is_gone(db: &Path, name: &str) -> bool {
        match File::open(path_of(db, name)) {
            Ok(file) => is_free(&file),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

fn is_free(file: &File) -> bool {
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

/// Takes away the signs of stores that are long gone.
fn clear(db: &Path) {
    let folder = match db.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let start = path_of(Path::new(db.file_name().unwrap_or_default()), "");
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten() {
        let ours = file.file_name().to_string_lossy().starts_with(start.to_string_lossy().as_ref());
        let age = file.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok());
        if ours
            && age.is_some_and(|age| age > OLD)
            && File::open(file.path()).is_ok_and(|file| is_free(&file))
        {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_gone_with_its_sign() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("crm.db");
        let presence = Presence::default();
        let name = presence.name(&db).unwrap();
        assert_eq!(presence.name(&db).unwrap(), name);
        assert!(!Presence::is_gone(&db, &name));
        drop(presence);
        assert!(Presence::is_gone(&db, &name));
        // A process that was killed leaves the file and loses the lock.
        File::create(path_of(&db, "7-7")).unwrap();
        assert!(Presence::is_gone(&db, "7-7"));
    }
}
