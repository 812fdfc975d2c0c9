"""dlt's REST source reads customers, orders and invoices of the sandbox: `dlt_pull.py URL FOLDER sqlite|duckdb`."""

import os
import sqlite3
import sys

url, folder, kind = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
os.environ["DLT_DATA_DIR"] = os.path.join(folder, "dlt")
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
# As its guide on performance says: the resources side by side, the parts of normalize and load that can be as well, and
# files that are cut so that there is something to divide.
os.environ["EXTRACT__WORKERS"] = "3"
os.environ["EXTRACT__NEXT_ITEM_MODE"] = "round_robin"
os.environ["NORMALIZE__WORKERS"] = "2"
os.environ["NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS"] = "20000"
os.environ["EXTRACT__DATA_WRITER__FILE_MAX_ITEMS"] = "20000"
if kind == "sqlite":
    # One file takes one writer: more than one, and a load ends with "database is locked".
    os.environ["LOAD__WORKERS"] = "1"

import dlt
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator
from dlt.sources.rest_api import rest_api_source

INVENTED = {name: os.environ[name] for name in ("CLIENT_ID", "CLIENT_SECRET", "RETAILER")}
LISTS = {
    "customers": {"includeTotal": "true", "includeCustomerGroup": "true"},
    "orders": {"includePayment": "true", "includeOrderDelivery": "true"},
    "invoices": {"includePayment": "true", "includeInvoiceDelivery": "true", "SaleChannel": "true"},
}


def source():
    return rest_api_source(
        {
            "client": {
                "base_url": url,
                "headers": {"Retailer": INVENTED["RETAILER"]},
                "auth": OAuth2ClientCredentials(
                    access_token_url=url + "/connect/token",
                    client_id=INVENTED["CLIENT_ID"],
                    client_secret=INVENTED["CLIENT_SECRET"],
                    access_token_request_data={"scopes": "PublicApi.Access"},
                ),
                "paginator": OffsetPaginator(limit=100, offset_param="currentItem", limit_param="pageSize"),
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "append", "parallelized": True},
            "resources": [
                {
                    "name": name,
                    "endpoint": {
                        "path": name,
                        "params": {**flags, "orderBy": "id", "orderDirection": "Asc"},
                        "data_selector": "data",
                    },
                }
                for name, flags in LISTS.items()
            ],
        }
    )


# The processes of normalize import this file again.
if __name__ == "__main__":
    file = os.path.join(folder, "shop.db")
    if kind == "sqlite":
        destination = dlt.destinations.sqlalchemy("sqlite:///" + file)
    else:
        destination = dlt.destinations.duckdb(file)
    pipeline = dlt.pipeline("shop", destination=destination, dataset_name="main" if kind == "sqlite" else "shop")
    pipeline.run(source()).raise_on_failed_jobs()
    if kind == "sqlite":
        with sqlite3.connect(file) as read:
            print(sum(read.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in LISTS))
    else:
        with pipeline.sql_client() as read:
            print(sum(read.execute_sql(f"SELECT count(*) FROM {name}")[0][0] for name in LISTS))
