"""A tap made with singer-sdk reads customers, orders and invoices of the sandbox into JSON lines: `singer_pull.py URL FOLDER`.

One process a stream, side by side, which is how Singer runs in parallel.
"""

import json
import os
import subprocess
import sys

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.pagination import BaseOffsetPaginator

LISTS = {
    "customers": {"includeTotal": "true", "includeCustomerGroup": "true"},
    "orders": {"includePayment": "true", "includeOrderDelivery": "true"},
    "invoices": {"includePayment": "true", "includeInvoiceDelivery": "true", "SaleChannel": "true"},
}
PAGE = 100
TEXT, NUMBER, WHOLE, TRUTH = th.StringType, th.NumberType, th.IntegerType, th.BooleanType
ROWS = th.ArrayType(th.ObjectType(additional_properties=True))
SHARED = {
    "id": WHOLE, "code": TEXT, "branchId": WHOLE, "branchName": TEXT, "retailerId": WHOLE,
    "createdDate": TEXT, "modifiedDate": TEXT,
}
DOCUMENT = SHARED | {
    "purchaseDate": TEXT, "soldById": WHOLE, "soldByName": TEXT, "customerId": WHOLE, "customerCode": TEXT,
    "customerName": TEXT, "total": NUMBER, "totalPayment": NUMBER, "discount": NUMBER, "discountRatio": NUMBER,
    "status": WHOLE, "statusValue": TEXT, "description": TEXT, "usingCod": TRUTH, "saleChannelId": WHOLE,
    "payments": ROWS, "invoiceOrderSurcharges": ROWS,
}
SCHEMAS = {
    "customers": SHARED | {
        "name": TEXT, "type": WHOLE, "gender": TRUTH, "birthDate": TEXT, "contactNumber": TEXT, "subNumber": TEXT,
        "email": TEXT, "address": TEXT, "locationName": TEXT, "wardName": TEXT, "organization": TEXT, "taxCode": TEXT,
        "comments": TEXT, "groups": TEXT, "customerGroupDetails": ROWS, "debt": NUMBER, "totalInvoiced": NUMBER,
        "totalRevenue": NUMBER, "totalPoint": NUMBER, "rewardPoint": NUMBER, "psidFacebook": WHOLE,
    },
    "orders": DOCUMENT | {"orderDetails": ROWS, "orderDelivery": th.ObjectType(additional_properties=True)},
    "invoices": DOCUMENT | {
        "orderCode": TEXT, "invoiceDetails": ROWS, "invoiceDelivery": th.ObjectType(additional_properties=True),
        "SaleChannel": th.ObjectType(additional_properties=True),
    },
}


class Token(OAuthAuthenticator):
    @property
    def oauth_request_body(self):
        return {
            "scopes": "PublicApi.Access",
            "grant_type": "client_credentials",
            "client_id": self.config["client_id"],
            "client_secret": self.config["client_secret"],
        }


class Offset(BaseOffsetPaginator):
    def has_more(self, response):
        return self.get_next(response) < response.json()["total"]


class Rows(RESTStream):
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"

    def __init__(self, tap, name):
        self.path = "/" + name
        properties = (th.Property(key, kind) for key, kind in SCHEMAS[name].items())
        super().__init__(tap, name=name, schema=th.PropertiesList(*properties).to_dict())
        self.token = Token(stream=self, auth_endpoint=self.url_base + "/connect/token")

    @property
    def url_base(self):
        return self.config["url"]

    @property
    def authenticator(self):
        return self.token

    @property
    def http_headers(self):
        return {"Retailer": self.config["retailer"]}

    def get_new_paginator(self):
        return Offset(start_value=0, page_size=PAGE)

    def get_url_params(self, context, next_page_token):
        page = {"pageSize": PAGE, "currentItem": next_page_token or 0}
        return LISTS[self.name] | {"orderBy": "id", "orderDirection": "Asc"} | page


class Shop(Tap):
    name = "tap-shop"
    config_jsonschema = th.PropertiesList(
        *(th.Property(key, TEXT, required=True) for key in ("url", "retailer", "client_id", "client_secret")),
        th.Property("stream", TEXT),
    ).to_dict()

    def discover_streams(self):
        wanted = self.config.get("stream")
        return [Rows(self, name) for name in LISTS if wanted in (None, name)]


def main():
    url, folder = sys.argv[1].rstrip("/"), sys.argv[2]
    running = []
    for name in LISTS:
        config = {
            "url": url, "stream": name, "retailer": os.environ["RETAILER"],
            "client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"],
        }
        file = os.path.join(folder, name + ".json")
        with open(file, "w") as out:
            json.dump(config, out)
        with open(os.path.join(folder, name + ".jsonl"), "wb") as out:
            running.append(subprocess.Popen([sys.executable, __file__, "--config", file], stdout=out))
    if any([process.wait() for process in running]):
        sys.exit("a tap failed")
    rows = 0
    for name in LISTS:
        with open(os.path.join(folder, name + ".jsonl"), "rb") as lines:
            rows += sum(line.startswith(b'{"type":"RECORD"') for line in lines)
    print(rows)


if __name__ == "__main__":
    if sys.argv[1] == "--config":
        Shop.cli()
    else:
        main()
