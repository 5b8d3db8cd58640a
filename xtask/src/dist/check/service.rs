//! A service over HTTPS, whose certificate is trusted only where its authority is added.

use std::path::Path;

use dci::sandbox::Sandbox;

use crate::bench::tls_front::TlsFront;

pub struct Service {
    sandbox: Sandbox,
    front: TlsFront,
}

impl Service {
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let sandbox = Sandbox::start()?;
        let address = sandbox.url().trim_start_matches("http://").parse()?;
        let front = TlsFront::start(address, folder)?;
        Ok(Self { sandbox, front })
    }

    /// The variables with which `dci` uses it.
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [("DCI_API_BASE_URL", &self.front.url), ("DCI_API_KEY", self.sandbox.api_key())]
    }

    /// A bundle of root certificates that includes the service's authority.
    pub fn trusted(&self) -> &Path {
        &self.front.trusted
    }
}
