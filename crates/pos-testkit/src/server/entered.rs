//! A request while it runs.

use std::fmt;

/// A request that runs. Its vendor hears when it ends, and whether it was answered: a caller who goes away drops it.
#[derive(Default)]
pub struct Entered(Option<Box<dyn FnOnce(bool) + Send>>);

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

impl Entered {
    pub(crate) fn new(end: impl FnOnce(bool) + Send + 'static) -> Self {
        Self(Some(Box::new(end)))
    }

    pub(super) fn answered(mut self) {
        if let Some(end) = self.0.take() {
            end(true);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end(false);
        }
    }
}
