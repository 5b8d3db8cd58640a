//! A person with a home folder of their own, who signs in to a sandbox. The test is the browser.

use std::fs;
use std::path::PathBuf;

use dci::sandbox::Sandbox;
use reqwest::header::LOCATION;
use serde_json::Value;

use crate::support::program::{Run, Running, dci};
use crate::support::sandbox::{http_client, sandbox};

pub struct Person {
    pub sandbox: Sandbox,
    /// The home folder, which `drop` deletes.
    pub folder: PathBuf,
}

/// A response to the browser.
pub struct Page {
    pub status: u16,
    pub body: String,
    location: Option<String>,
}

impl Person {
    pub fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dci-person-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self { sandbox: sandbox(), folder }
    }

    /// Signs in with an account that has all permissions.
    pub fn signed_in(test: &str) -> Self {
        let person = Self::new(test);
        let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).start();
        visit(&decided(&Self::address(&mut login), "admin@example.com"));
        let finished = login.finish();
        assert_eq!(finished.code, 0, "{finished}");
        person
    }

    /// Runs `dci` with this home and sandbox, and without an API key.
    pub fn dci(&self, args: &[&str]) -> Run {
        let home = self.folder.to_str().expect("UTF-8");
        dci(args)
            .home(home)
            .env("DCI_API_BASE_URL", self.sandbox.url())
            .env("DCI_AUTHORIZE_URL", &self.sandbox.authorize_url())
            .env("DCI_TOKEN_URL", &self.sandbox.token_url())
    }

    /// Runs `dci` with this home and sandbox, and with the sandbox's API key.
    pub fn dci_with_key(&self, args: &[&str]) -> Run {
        self.dci(args).env("DCI_API_KEY", self.sandbox.api_key())
    }

    /// All files in the home whose path contains this text.
    pub fn files(&self, part: &str) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let paths = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
            let (folder, other): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
            folders.extend(folder);
            files.extend(other.into_iter().filter(|path| path.to_string_lossy().contains(part)));
        }
        files
    }

    /// The file of stored sign-ins.
    pub fn file(&self) -> PathBuf {
        let folder = match std::env::consts::OS {
            "macos" => "Library/Application Support/com.doit.dci",
            "windows" => r"doit\dci\data",
            _ => "dci",
        };
        self.folder.join(folder).join("sign-ins.json")
    }

    /// The stored sign-in.
    pub fn entry(&self) -> Value {
        let text = fs::read_to_string(self.file()).expect("a stored sign-in");
        serde_json::from_str::<Value>(&text).expect("JSON")["signIns"][self.sandbox.url()].clone()
    }

    /// Changes a property of the stored sign-in.
    pub fn set(&self, property: &str, value: impl Into<Value>) {
        let mut content: Value = serde_json::from_slice(&fs::read(self.file()).expect("a file")).expect("JSON");
        content["signIns"][self.sandbox.url()][property] = value.into();
        fs::write(self.file(), format!("{content:#}")).expect("it is ours");
    }

    /// The stored access token and refresh token.
    pub fn tokens(&self) -> [String; 2] {
        let entry = self.entry();
        ["accessToken", "refreshToken"].map(|name| entry[name].as_str().expect("a token").to_owned())
    }

    /// The sign-in address that `dci login` prints.
    pub fn address(login: &mut Running) -> String {
        login.line_of_stderr(|line| line.starts_with("http"))
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The redirect that follows a decision on the sign-in page.
pub fn decided(address: &str, decision: &str) -> String {
    visit(&format!("{address}&decision={decision}")).location.expect("a redirect")
}

/// Gets an address like a browser, without following redirects.
pub fn visit(address: &str) -> Page {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let response = http_client().get(address).send().await.expect("a response");
        let location = response.headers().get(LOCATION).map(|value| value.to_str().expect("ASCII").to_owned());
        Page { status: response.status().as_u16(), location, body: response.text().await.expect("a page") }
    })
}
