//! From SQLite's errors to the store's.

use pos_sync::StoreError;
use rusqlite::ErrorCode;

/// What can go wrong inside.
#[derive(Debug)]
pub(crate) enum Fail {
    Store(StoreError),
    Sql(rusqlite::Error),
}

pub(crate) type Res<T> = Result<T, Fail>;

impl From<rusqlite::Error> for Fail {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<serde_json::Error> for Fail {
    /// The error itself may show a value, so only its place is kept.
    fn from(error: serde_json::Error) -> Self {
        corrupt(format!("a row holds JSON that does not fit, at column {}", error.column()))
    }
}

pub(crate) fn corrupt(what: impl Into<String>) -> Fail {
    Fail::Store(StoreError::Corrupt { what: what.into(), source: None })
}

pub(crate) fn unavailable(what: impl Into<String>) -> StoreError {
    StoreError::Unavailable { what: what.into(), source: None }
}

impl From<Fail> for StoreError {
    fn from(fail: Fail) -> Self {
        let error = match fail {
            Fail::Store(error) => return error,
            Fail::Sql(error) => error,
        };
        let what = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => return Self::DiskFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another connection holds the lock",
            Some(ErrorCode::CannotOpen) => "the file cannot be opened",
            Some(
                ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::AuthorizationForStatementDenied,
            ) => "the file cannot be written",
            Some(ErrorCode::SystemIoFailure) => "the disk cannot be read or written",
            Some(ErrorCode::OutOfMemory) => "out of memory",
            Some(ErrorCode::OperationInterrupted | ErrorCode::OperationAborted) => "interrupted",
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                return Self::Corrupt {
                    what: "the file is damaged or no database".into(),
                    source: Some(error.into()),
                };
            }
            _ => {
                return Self::Corrupt {
                    what: "the content is not as expected".into(),
                    source: Some(error.into()),
                };
            }
        };
        Self::Unavailable { what: what.into(), source: Some(error.into()) }
    }
}
