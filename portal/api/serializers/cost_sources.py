"""Sources of GPU usage, what they brought, files, broken rules and invoices."""

from typing import Any

from rest_framework import serializers

from audit.costs.sources.files import FORMATS
from portal.api.schema import FaultSerializer
from portal.api.serializers.common import PageQuery
from portal.api.serializers.costs import HoursField, MoneyField
from portal.api.strict import StrictSerializer


class ClaimSerializer(serializers.Serializer[Any]):
    """What a source reports of a cluster."""

    facts = serializers.CharField(help_text="usage activity capacity bill")
    cluster = serializers.CharField()


class SourceSerializer(serializers.Serializer[Any]):
    """Where usage comes from. Options are not told: they may hold addresses and references to secrets."""

    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="opencost prometheus google focus csv")
    enabled = serializers.BooleanField()
    asked = serializers.BooleanField(help_text="False: files are brought to it.")
    claims = ClaimSerializer(many=True, source="claims.all")
    complete_through = serializers.DateTimeField(allow_null=True)
    succeeded_at = serializers.DateTimeField(allow_null=True)
    failed_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True, help_text="The last failure, empty when there is none.")
    next_attempt_at = serializers.DateTimeField(allow_null=True)


class SourcesSerializer(serializers.Serializer[Any]):
    """Every source."""

    results = SourceSerializer(many=True)


class LoadQuery(PageQuery):
    """Which loads."""

    source = serializers.SlugField(  # type: ignore[assignment]  # the framework's word for something else
        required=False, default="", max_length=60, allow_blank=True
    )


class LoadSerializer(serializers.Serializer[Any]):
    """One bringing of data, whose digest stands in the audit log."""

    id = serializers.IntegerField(source="pk")
    source = serializers.CharField(source="source.key")  # type: ignore[assignment]  # the framework's word for something else
    at = serializers.DateTimeField()
    by = serializers.CharField()
    file_name = serializers.CharField(allow_blank=True, help_text="Empty: Purser asked the source.")
    digest = serializers.CharField(help_text="SHA-256")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    rows = serializers.IntegerField()
    changed_slices = serializers.IntegerField(help_text="0: nothing new.")


class UploadQuery(StrictSerializer):
    """What a file is, and whether it is stored."""

    source = serializers.SlugField(  # type: ignore[assignment]  # the framework's word for something else
        max_length=60, help_text="Key of the source that the file speaks for."
    )
    format = serializers.ChoiceField(choices=FORMATS, required=False, default="auto")
    filename = serializers.CharField(required=False, default="upload", max_length=200)
    dry_run = serializers.BooleanField(required=False, default=False, help_text="`1`: say what would change.")


class DaySumSerializer(serializers.Serializer[Any]):
    """A day's rows, hours and cost."""

    rows = serializers.IntegerField()
    held_hours = HoursField(source="held_ms")
    cost = MoneyField()


class DayChangeSerializer(serializers.Serializer[Any]):
    """One day before and after."""

    day = serializers.DateField()
    before = DaySumSerializer()
    after = DaySumSerializer()


class UploadSerializer(serializers.Serializer[Any]):
    """What a file did, or with `dry_run` would do: then `load` is null, and `faults` are told without an error."""

    stored = serializers.BooleanField()
    load = LoadSerializer(allow_null=True)
    days = DayChangeSerializer(many=True, help_text="Only with `dry_run`: days whose use or cost changes.")
    faults = FaultSerializer(many=True)


class ViolationSerializer(serializers.Serializer[Any]):
    """A rule that a day's figures break."""

    kind = serializers.CharField(
        help_text="totals negative gpu_shared_beyond_one held_beyond_capacity reconciliation missing_hours"
    )
    day = serializers.DateField()
    subject = serializers.CharField(allow_blank=True)
    detail = serializers.DictField()
    found_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()


class InvoiceQuery(StrictSerializer):
    """Which month."""

    month = serializers.RegexField(
        r"^[0-9]{4}(0[1-9]|1[0-2])$",
        required=False,
        help_text="Such as 202611; the newest when nothing is said.",
    )


class InvoiceLineSerializer(serializers.Serializer[Any]):
    """One SKU of a month, net of credits, beside the rate card."""

    sku = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    gpu_type = serializers.CharField(allow_blank=True)
    cluster = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    pricing_class = serializers.CharField(help_text="As far as the description says it.")
    hours = MoneyField()
    cost = MoneyField()
    credits = MoneyField(help_text="Zero or negative.")
    net = MoneyField()
    price = MoneyField(allow_null=True, help_text="Net price of an hour.")
    card = MoneyField(help_text="The same hours by the rate card.")
    unpriced = MoneyField(help_text="Hours without a price, not in `card`.")
    foreign = serializers.BooleanField(help_text="In another currency than the rate card: in no sum.")
    difference = MoneyField(allow_null=True, help_text="`card` less `net`.")


class InvoicePlaceSerializer(serializers.Serializer[Any]):
    """A cluster and type: billed beside recorded."""

    cluster = serializers.CharField(allow_blank=True)
    gpu_type = serializers.CharField(allow_blank=True)
    billed = MoneyField(help_text="Hours.")
    net = MoneyField()
    recorded = MoneyField(help_text="Hours provisioned, or held where capacity is not known.")
    amount = MoneyField(help_text="What our figures say.")
    held_only = serializers.BooleanField()
    missing = MoneyField(help_text="Hours billed and not recorded.")
    difference = MoneyField(help_text="`amount` less `net`.")


class InvoiceSerializer(serializers.Serializer[Any]):
    """A month of invoices beside the rate card."""

    month = serializers.CharField(allow_blank=True, help_text="Empty: there are no invoice lines.")
    first_day = serializers.DateField(source="first", allow_null=True, help_text="The days it is about.")
    last_day = serializers.DateField(source="last", allow_null=True)
    lines = InvoiceLineSerializer(many=True)
    places = InvoicePlaceSerializer(many=True)
