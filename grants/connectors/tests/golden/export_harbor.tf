# Nothing here has an import block: Harbor makes up the ids of robots, members and webhooks, and
# Purser does not keep them. A robot's secret is shown once, when it is made, and is in no export.

# Harbor counts a robot's days from its making: `duration` is right for a robot that is made today.

# Left out of the webhooks: the payload format, for which the provider's documents name no argument.
# Purser reads the default format and CloudEvents.

resource "harbor_robot_account" "purser-person-1" {
  name        = "purser-person-1"
  description = "purser:eu:member:person:1 ends=2026-06-30T22:00:00Z"
  level       = "system"
  duration    = 122
  disable     = false

  permissions {
    kind      = "project"
    namespace = "lib"

    access {
      resource = "repository"
      action   = "pull"
    }
  }
}

resource "harbor_robot_account" "purser-person-2" {
  name        = "purser-person-2"
  description = "purser:eu:member:person:2 ends=2026-06-30T22:00:00Z"
  level       = "system"
  duration    = 122
  disable     = false

  permissions {
    kind      = "project"
    namespace = "lib"

    access {
      resource = "repository"
      action   = "pull"
    }
  }

  permissions {
    kind      = "project"
    namespace = "tools"

    access {
      resource = "repository"
      action   = "pull"
    }

    access {
      resource = "repository"
      action   = "push"
    }
  }
}

resource "harbor_robot_account" "purser-project-anti-fraud-v2" {
  name        = "purser-project-anti-fraud-v2"
  description = "purser:eu:robot:anti-fraud-v2 ends=2026-06-30T22:00:00Z"
  level       = "system"
  duration    = 122
  disable     = false

  permissions {
    kind      = "project"
    namespace = "lib"

    access {
      resource = "repository"
      action   = "pull"
    }
  }
}

resource "harbor_robot_account" "purser-project-vision" {
  name        = "purser-project-vision"
  description = "purser:eu:robot:vision ends=2026-06-30T22:00:00Z"
  level       = "system"
  duration    = 122
  disable     = false

  permissions {
    kind      = "project"
    namespace = "tools"

    access {
      resource = "repository"
      action   = "pull"
    }
  }
}

variable "purser_webhook_address" {
  description = "Where Harbor tells Purser of pulls: https://PURSER/webhooks/harbor/harbor/"
  type        = string
}

variable "purser_webhook_header" {
  description = "The Authorization header of each Harbor project's webhook, by the name of the project"
  type        = map(string)
  sensitive   = true
}

data "harbor_project" "lib" {
  name = "lib"
}

resource "harbor_project_webhook" "lib" {
  name             = "purser-pulls"
  description      = "{\"purser\": \"eu\", \"images\": {\"lib/torch\": [\"ml-anti-fraud-anti-fraud-v2-viewer:5\"], \"lib/vllm\": [\"ml-anti-fraud-anti-fraud-v2-viewer:5\"]}, \"groups\": [\"ml-anti-fraud-anti-fraud-v2-viewer\"]}"
  project_id       = data.harbor_project.lib.id
  notify_type      = "http"
  address          = var.purser_webhook_address
  auth_header      = var.purser_webhook_header["lib"]
  skip_cert_verify = false
  enabled          = true
  events_types     = ["PULL_ARTIFACT", "PUSH_ARTIFACT", "SCANNING_COMPLETED"]
}

resource "harbor_project_member_group" "lib_ml-anti-fraud-anti-fraud-v2-viewer" {
  project_id = data.harbor_project.lib.id
  group_name = "ml-anti-fraud-anti-fraud-v2-viewer"
  role       = "limitedguest"
  type       = "oidc"
}

data "harbor_project" "tools" {
  name = "tools"
}

resource "harbor_project_webhook" "tools" {
  name             = "purser-pulls"
  description      = "{\"purser\": \"eu\", \"images\": {\"tools/jupyter\": [\"ml-anti-fraud-vision-developer:2\"]}, \"groups\": [\"ml-anti-fraud-vision-developer\"]}"
  project_id       = data.harbor_project.tools.id
  notify_type      = "http"
  address          = var.purser_webhook_address
  auth_header      = var.purser_webhook_header["tools"]
  skip_cert_verify = false
  enabled          = true
  events_types     = ["PULL_ARTIFACT", "PUSH_ARTIFACT", "SCANNING_COMPLETED"]
}

resource "harbor_project_member_group" "tools_ml-anti-fraud-vision-developer" {
  project_id = data.harbor_project.tools.id
  group_name = "ml-anti-fraud-vision-developer"
  role       = "developer"
  type       = "oidc"
}
