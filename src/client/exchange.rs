use bytes::{Bytes, BytesMut};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use reqwest::{Request, Response};

use super::{ApiKey, Client, Error, call, error_body};
use crate::operation::Operation;

/// The largest body of an answer, in bytes (10 MiB). A list of 10,000 users has about 4 MiB.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");

/// One request until it is answered: what every operation of a [`Client`] goes through.
///
/// It adds the credential, the tenant and the customer context, sends the request, and reads the whole answer.
/// [`ClientConfig::build`](super::ClientConfig::build) makes it.
#[derive(Clone, Debug)]
pub struct Exchange {
    authorization: HeaderValue,
    tenant: Option<HeaderValue>,
    customer_context: Option<String>,
}

/// The body of a success is larger than [`MAX_BODY_BYTES`].
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {} MiB", MAX_BODY_BYTES / 1024 / 1024)]
pub(super) struct BodyTooLarge;

/// The whole body of an answer, kept beside the [`Response`] for errors that the generated code does not read.
#[derive(Clone)]
pub(super) struct WholeBody(pub Bytes);

impl Exchange {
    pub(super) fn new(api_key: &ApiKey, tenant: Option<HeaderValue>, customer_context: Option<String>) -> Self {
        Self { authorization: api_key.authorization(), tenant, customer_context }
    }

    fn authenticate(&self, request: &mut Request) {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        if let Some(tenant) = &self.tenant {
            headers.insert(TENANT, tenant.clone());
        }
        if let Some(context) = &self.customer_context {
            request.url_mut().query_pairs_mut().append_pair("customerContext", context);
        }
    }
}

impl ClientHooks<Exchange> for Client {
    async fn pre<E>(&self, request: &mut Request, info: &OperationInfo) -> Result<(), Error<E>> {
        let operation = Operation::named(info.operation_id);
        if !operation.is_some_and(|operation| operation.is_at(request.url().path())) {
            return Err(Error::InvalidRequest("the id does not fit into the path of the request".into()));
        }
        // The generator adds it; the document knows no such header.
        request.headers_mut().remove("api-version");
        self.inner().authenticate(request);
        Ok(())
    }

    async fn exec(&self, request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        let response = complete(self.client().execute(request).await?).await?;
        call::note(&response);
        Ok(response)
    }
}

/// The response with its whole body read, and with a body that the document promises if it is an error.
///
/// The status of an error survives whatever its body is; a success that is too large fails when it is read.
async fn complete(mut response: Response) -> reqwest::Result<Response> {
    let mut body = BytesMut::new();
    let mut too_large = false;
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            too_large = true;
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let body = body.freeze();

    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if too_large && !is_error {
        let failing = reqwest::Body::wrap_stream(futures_util::stream::iter([Err::<Bytes, _>(BodyTooLarge)]));
        return Ok(rebuild(&response, failing, None));
    }
    if is_error && !error_body::is_as_documented(&body) {
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let rewritten = error_body::rewrite(status, media_type, &body);
        return Ok(rebuild(&response, rewritten.clone().into(), Some(rewritten)));
    }
    Ok(rebuild(&response, body.clone().into(), Some(body)))
}

fn rebuild(from: &Response, body: reqwest::Body, whole: Option<Bytes>) -> Response {
    let mut rebuilt = http::Response::new(body);
    *rebuilt.status_mut() = from.status();
    *rebuilt.version_mut() = from.version();
    *rebuilt.headers_mut() = from.headers().clone();
    // They told how long the body on the wire was.
    rebuilt.headers_mut().remove(CONTENT_LENGTH);
    rebuilt.headers_mut().remove(TRANSFER_ENCODING);
    if let Some(whole) = whole {
        rebuilt.extensions_mut().insert(WholeBody(whole));
    }
    rebuilt.into()
}
