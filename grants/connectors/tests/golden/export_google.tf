# Groups and memberships have no import block: Google makes up their ids, which Purser does not keep.
# A group's id is what `gcloud identity groups describe ADDRESS --format='value(name)'` says
# (groups/ID), a membership's is groups/ID/memberships/ID (not verified).

# Memberships are written with their end. Where the licence does not allow ends, take expiry_detail
# out: Google would refuse them. Several repositories of many bundles are bound by way of one group of
# groups; here each bundle is bound by itself.

resource "google_cloud_identity_group" "purser-anti-fraud-v2-viewer-169bb149" {
  display_name         = "purser-anti-fraud-v2-viewer-169bb149"
  description          = "Kept by Purser; do not change it by hand. purser/1 target=ar project=anti-fraud-v2 role=viewer images=ai-images/base:torch,vllm"
  parent               = "customers/C01abc23"
  initial_group_config = "WITH_INITIAL_OWNER"
  labels = {
    "cloudidentity.googleapis.com/groups.discussion_forum" = ""
  }

  group_key {
    id = "purser-anti-fraud-v2-viewer-169bb149@groups.example.com"
  }
}

resource "google_cloud_identity_group" "purser-vision-developer-55a85369" {
  display_name         = "purser-vision-developer-55a85369"
  description          = "Kept by Purser; do not change it by hand. purser/1 target=ar project=vision role=developer images=ai-images/models:llama"
  parent               = "customers/C01abc23"
  initial_group_config = "WITH_INITIAL_OWNER"
  labels = {
    "cloudidentity.googleapis.com/groups.discussion_forum" = ""
  }

  group_key {
    id = "purser-vision-developer-55a85369@groups.example.com"
  }
}

variable "purser-anti-fraud-v2_email" {
  description = "Address of the service account of the project anti-fraud-v2: gcloud iam service-accounts list --filter=email:purser-anti-fraud-v2-"
  type        = string
}

resource "google_service_account" "purser-anti-fraud-v2" {
  project      = "ai-images"
  account_id   = split("@", var.purser-anti-fraud-v2_email)[0]
  display_name = "purser-anti-fraud-v2"
  description  = "purser/1 target=ar project=anti-fraud-v2 role= images="
}

# The form of this id is not verified.
import {
  to = google_service_account.purser-anti-fraud-v2
  id = "projects/ai-images/serviceAccounts/${var.purser-anti-fraud-v2_email}"
}

resource "google_cloud_identity_group_membership" "purser-anti-fraud-v2-viewer-169bb149_purser-anti-fraud-v2" {
  group                        = google_cloud_identity_group.purser-anti-fraud-v2-viewer-169bb149.id
  create_ignore_already_exists = true

  preferred_member_key {
    id = google_service_account.purser-anti-fraud-v2.email
  }

  roles {
    name = "MEMBER"

    expiry_detail {
      expire_time = "2026-06-30T22:00:00Z"
    }
  }
}

variable "purser-vision_email" {
  description = "Address of the service account of the project vision: gcloud iam service-accounts list --filter=email:purser-vision-"
  type        = string
}

resource "google_service_account" "purser-vision" {
  project      = "ai-images"
  account_id   = split("@", var.purser-vision_email)[0]
  display_name = "purser-vision"
  description  = "purser/1 target=ar project=vision role= images="
}

# The form of this id is not verified.
import {
  to = google_service_account.purser-vision
  id = "projects/ai-images/serviceAccounts/${var.purser-vision_email}"
}

resource "google_cloud_identity_group_membership" "purser-vision-developer-55a85369_purser-vision" {
  group                        = google_cloud_identity_group.purser-vision-developer-55a85369.id
  create_ignore_already_exists = true

  preferred_member_key {
    id = google_service_account.purser-vision.email
  }

  roles {
    name = "MEMBER"

    expiry_detail {
      expire_time = "2026-06-30T22:00:00Z"
    }
  }
}

resource "google_cloud_identity_group_membership" "purser-anti-fraud-v2-viewer-169bb149_person-1" {
  group                        = google_cloud_identity_group.purser-anti-fraud-v2-viewer-169bb149.id
  create_ignore_already_exists = true

  preferred_member_key {
    id = "alice@example.com"
  }

  roles {
    name = "MEMBER"

    expiry_detail {
      expire_time = "2026-06-30T22:00:00Z"
    }
  }
}

resource "google_cloud_identity_group_membership" "purser-anti-fraud-v2-viewer-169bb149_person-2" {
  group                        = google_cloud_identity_group.purser-anti-fraud-v2-viewer-169bb149.id
  create_ignore_already_exists = true

  preferred_member_key {
    id = "bob@example.com"
  }

  roles {
    name = "MEMBER"

    expiry_detail {
      expire_time = "2026-06-30T22:00:00Z"
    }
  }
}

resource "google_cloud_identity_group_membership" "purser-vision-developer-55a85369_person-2" {
  group                        = google_cloud_identity_group.purser-vision-developer-55a85369.id
  create_ignore_already_exists = true

  preferred_member_key {
    id = "bob@example.com"
  }

  roles {
    name = "MEMBER"

    expiry_detail {
      expire_time = "2026-06-30T22:00:00Z"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "base_reader_purser-anti-fraud-v2-viewer-169bb149_09ad1d" {
  project    = "ai-images"
  location   = "europe-west4"
  repository = "base"
  role       = "roles/artifactregistry.reader"
  member     = "group:${google_cloud_identity_group.purser-anti-fraud-v2-viewer-169bb149.group_key[0].id}"
}

# The form of this id is not verified.
import {
  to = google_artifact_registry_repository_iam_member.base_reader_purser-anti-fraud-v2-viewer-169bb149_09ad1d
  id = "projects/ai-images/locations/europe-west4/repositories/base roles/artifactregistry.reader group:purser-anti-fraud-v2-viewer-169bb149@groups.example.com"
}

resource "google_artifact_registry_repository_iam_member" "models_writer_purser-vision-developer-55a85369_889642" {
  project    = "ai-images"
  location   = "europe-west4"
  repository = "models"
  role       = "roles/artifactregistry.writer"
  member     = "group:${google_cloud_identity_group.purser-vision-developer-55a85369.group_key[0].id}"
}

# The form of this id is not verified.
import {
  to = google_artifact_registry_repository_iam_member.models_writer_purser-vision-developer-55a85369_889642
  id = "projects/ai-images/locations/europe-west4/repositories/models roles/artifactregistry.writer group:purser-vision-developer-55a85369@groups.example.com"
}

resource "google_kms_crypto_key_iam_member" "llm_purser-vision-developer-55a85369_47c067" {
  crypto_key_id = "projects/ai-images/locations/europe-west4/keyRings/models/cryptoKeys/llm"
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = "group:${google_cloud_identity_group.purser-vision-developer-55a85369.group_key[0].id}"
}

# The form of this id is not verified.
import {
  to = google_kms_crypto_key_iam_member.llm_purser-vision-developer-55a85369_47c067
  id = "projects/ai-images/locations/europe-west4/keyRings/models/cryptoKeys/llm roles/cloudkms.cryptoKeyDecrypter group:purser-vision-developer-55a85369@groups.example.com"
}
