//! The hooks through which the generated code makes its calls.

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use super::attempts::Attempts;
use super::content_type::set_content_type;
use super::{Client, Error, Exchange, call_record, confirmation};
use crate::operation::Operation;

impl ClientHooks<Exchange> for Client {
    async fn pre<E>(&self, request: &mut Request, info: &OperationInfo) -> Result<(), Error<E>> {
        if !operation(info).is_at(request.url().path()) {
            return Err(Error::InvalidRequest("the id is not one segment of the path".into()));
        }
        // The generator adds a header that the spec does not have.
        request.headers_mut().remove("api-version");
        set_content_type(request, operation(info)).map_err(Error::InvalidRequest)?;
        call_record::record_request(request, operation(info));
        match self.inner().credential().await {
            Ok(token) => self.inner().add_credentials(request, &token),
            Err(error) => {
                let message = error.to_string();
                call_record::record_missing_credential(error);
                return Err(Error::Custom(message));
            }
        }
        Ok(())
    }

    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let attempts = Attempts::new(self.inner(), self.client(), request, operation(info), call_record::started());
        // Boxed: the future is large, and so would be every future that awaits it. They are moved several times.
        Box::pin(confirmation::complete(attempts, self.baseurl())).await
    }
}

fn operation(info: &OperationInfo) -> &'static Operation {
    Operation::named(info.operation_id).expect("the client and the table are generated from one spec")
}
