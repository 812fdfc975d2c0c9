//! Credentials in the store, sealed with a key that only the host has.

use std::sync::Arc;

use pos_core::kit::Settings;
use pos_core::record::Account;

use crate::crm::Crm;
use crate::error::{SyncError, SyncResult};
use crate::keyring::{Keyring, UnsealError};

impl Crm {
    /// With the keys that seal credentials.
    #[must_use]
    pub fn with_keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(Arc::new(keyring));
        self
    }

    fn keyring(&self, account: &Account) -> SyncResult<&Keyring> {
        self.keyring.as_deref().ok_or_else(|| sealed(account, UnsealError::NoKeyring))
    }

    /// Keeps what opens a shop, sealed, in the place of what was kept of it. Whether it opens the shop is not tried:
    /// [`connect`](Crm::connect) does.
    ///
    /// # Errors
    /// Without a key ring, and when the store fails.
    pub async fn keep_credentials(&self, account: &Account, settings: &Settings) -> SyncResult<()> {
        let sealed = self.keyring(account)?.seal(account, settings)?;
        Ok(self.store.put_sealed(account, Some(&sealed)).await?)
    }

    /// What opens a shop, as it was kept.
    ///
    /// # Errors
    /// [`SyncError::Sealed`] when it does not open; without a key ring; when the store fails.
    pub async fn credentials(&self, account: &Account) -> SyncResult<Option<Settings>> {
        let Some(kept) = self.store.sealed(account).await? else { return Ok(None) };
        let opened = self.keyring(account)?.open(account, &kept);
        opened.map(Some).map_err(|why| sealed(account, why))
    }

    /// Forgets what opens a shop. [`disconnect`](Crm::disconnect) does it too.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_credentials(&self, account: &Account) -> SyncResult<()> {
        Ok(self.store.put_sealed(account, None).await?)
    }

    /// Seals with the current key what earlier ones sealed. Says how many; when it is none, the earlier keys
    /// may leave the ring. Run again after an error, it goes on.
    ///
    /// # Errors
    /// [`SyncError::Sealed`] naming the first shop whose credentials do not open; without a key ring; when the store fails.
    pub async fn reseal_credentials(&self) -> SyncResult<u64> {
        let mut count = 0;
        for (account, kept) in self.store.all_sealed().await? {
            let ring = self.keyring(&account)?;
            if ring.is_current(&kept) {
                continue;
            }
            let settings = ring.open(&account, &kept).map_err(|why| sealed(&account, why))?;
            // Whoever kept others meanwhile, or took the shop away, has the last word.
            let anew = ring.seal(&account, &settings)?;
            count += u64::from(self.store.replace_sealed(&account, &kept, &anew).await?);
        }
        Ok(count)
    }
}

fn sealed(account: &Account, why: UnsealError) -> SyncError {
    SyncError::Sealed { account: account.clone(), why }
}
