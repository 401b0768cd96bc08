# The Secret purser-pull of each namespace is left out. Purser makes it from a credential of the
# project's own (a robot), puts it into the namespace and changes it in time. Its content is in no
# export.

# Purser finds out at the cluster whether Kyverno, Kueue and KServe are there. Here their objects are
# written where the cluster's options ask for them: admission kyverno, cluster_queue, storage_image
# with storage_prefix.

# What all namespaces share (cluster roles, the admission policy) is not in this part of the export.

resource "kubernetes_manifest" "namespace_anti-fraud-v2" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "Namespace"
    "metadata" = {
      "name" = "anti-fraud-v2"
      "labels" = {
        "app.kubernetes.io/managed-by"               = "purser"
        "purser.dev/tenant"                          = "anti-fraud-v2"
        "purser.dev/state"                           = "active"
        "pod-security.kubernetes.io/enforce"         = "baseline"
        "pod-security.kubernetes.io/enforce-version" = "latest"
      }
      "annotations" = {
        "purser.dev/state"   = "active"
        "purser.dev/project" = "anti-fraud-v2"
        "purser.dev/team"    = "anti-fraud"
      }
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.namespace_anti-fraud-v2
  id = "apiVersion=v1,kind=Namespace,name=anti-fraud-v2"
}

resource "kubernetes_manifest" "limitrange_anti-fraud-v2_purser-limits" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "LimitRange"
    "metadata" = {
      "name" = "purser-limits"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "namespace" = "anti-fraud-v2"
    }
    "spec" = {
      "limits" = [
        {
          "type" = "Container"
          "default" = {
            "cpu"    = "1"
            "memory" = "4Gi"
          }
          "defaultRequest" = {
            "cpu"    = "1"
            "memory" = "4Gi"
          }
        },
      ]
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.limitrange_anti-fraud-v2_purser-limits
  id = "apiVersion=v1,kind=LimitRange,namespace=anti-fraud-v2,name=purser-limits"
}

resource "kubernetes_manifest" "resourcequota_anti-fraud-v2_purser-quota" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "ResourceQuota"
    "metadata" = {
      "name" = "purser-quota"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "namespace" = "anti-fraud-v2"
    }
    "spec" = {
      "hard" = {
        "limits.cpu"              = "64"
        "limits.memory"           = "256Gi"
        "requests.nvidia.com/gpu" = "8"
        "pods"                    = "200"
      }
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.resourcequota_anti-fraud-v2_purser-quota
  id = "apiVersion=v1,kind=ResourceQuota,namespace=anti-fraud-v2,name=purser-quota"
}

resource "kubernetes_manifest" "networkpolicy_anti-fraud-v2_purser-default-deny" {
  manifest = {
    "apiVersion" = "networking.k8s.io/v1"
    "kind"       = "NetworkPolicy"
    "metadata" = {
      "name" = "purser-default-deny"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "namespace" = "anti-fraud-v2"
    }
    "spec" = {
      "podSelector" = {}
      "policyTypes" = ["Ingress", "Egress"]
      "egress" = [
        {
          "to" = [
            {
              "namespaceSelector" = {
                "matchLabels" = {
                  "kubernetes.io/metadata.name" = "kube-system"
                }
              }
              "podSelector" = {
                "matchLabels" = {
                  "k8s-app" = "kube-dns"
                }
              }
            },
          ]
          "ports" = [
            {
              "protocol" = "UDP"
              "port"     = 53
            },
            {
              "protocol" = "TCP"
              "port"     = 53
            },
          ]
        },
      ]
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.networkpolicy_anti-fraud-v2_purser-default-deny
  id = "apiVersion=networking.k8s.io/v1,kind=NetworkPolicy,namespace=anti-fraud-v2,name=purser-default-deny"
}

resource "kubernetes_manifest" "configmap_anti-fraud-v2_purser-images" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "ConfigMap"
    "metadata" = {
      "name" = "purser-images"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "annotations" = {
        "purser.dev/last-image" = "harbor.example.com/lib/torch"
      }
      "namespace" = "anti-fraud-v2"
    }
    "data" = {
      "images"       = "harbor.example.com/lib/torch\nharbor.example.com/lib/vllm"
      "platform"     = ""
      "runtimeClass" = ""
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.configmap_anti-fraud-v2_purser-images
  id = "apiVersion=v1,kind=ConfigMap,namespace=anti-fraud-v2,name=purser-images"
}

resource "kubernetes_manifest" "serviceaccount_anti-fraud-v2_purser-pull" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "ServiceAccount"
    "metadata" = {
      "name" = "purser-pull"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "annotations" = {
        "purser.dev/state" = "active"
      }
      "namespace" = "anti-fraud-v2"
    }
    "automountServiceAccountToken" = false
    "imagePullSecrets" = [
      {
        "name" = "purser-pull"
      },
    ]
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.serviceaccount_anti-fraud-v2_purser-pull
  id = "apiVersion=v1,kind=ServiceAccount,namespace=anti-fraud-v2,name=purser-pull"
}

resource "kubernetes_manifest" "localqueue_anti-fraud-v2_purser" {
  manifest = {
    "apiVersion" = "kueue.x-k8s.io/v1beta2"
    "kind"       = "LocalQueue"
    "metadata" = {
      "name" = "purser"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "namespace" = "anti-fraud-v2"
    }
    "spec" = {
      "clusterQueue" = "research"
      "stopPolicy"   = "None"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.localqueue_anti-fraud-v2_purser
  id = "apiVersion=kueue.x-k8s.io/v1beta2,kind=LocalQueue,namespace=anti-fraud-v2,name=purser"
}

resource "kubernetes_manifest" "rolebinding_anti-fraud-v2_purser-viewer" {
  manifest = {
    "apiVersion" = "rbac.authorization.k8s.io/v1"
    "kind"       = "RoleBinding"
    "metadata" = {
      "name" = "purser-viewer"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "namespace" = "anti-fraud-v2"
    }
    "subjects" = [
      {
        "kind"     = "Group"
        "name"     = "purser:anti-fraud-v2:viewer"
        "apiGroup" = "rbac.authorization.k8s.io"
      },
    ]
    "roleRef" = {
      "apiGroup" = "rbac.authorization.k8s.io"
      "kind"     = "ClusterRole"
      "name"     = "purser:viewer"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.rolebinding_anti-fraud-v2_purser-viewer
  id = "apiVersion=rbac.authorization.k8s.io/v1,kind=RoleBinding,namespace=anti-fraud-v2,name=purser-viewer"
}

resource "kubernetes_manifest" "rolebinding_anti-fraud-v2_purser-developer" {
  manifest = {
    "apiVersion" = "rbac.authorization.k8s.io/v1"
    "kind"       = "RoleBinding"
    "metadata" = {
      "name" = "purser-developer"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "anti-fraud-v2"
      }
      "namespace" = "anti-fraud-v2"
    }
    "subjects" = [
      {
        "kind"     = "Group"
        "name"     = "purser:anti-fraud-v2:developer"
        "apiGroup" = "rbac.authorization.k8s.io"
      },
    ]
    "roleRef" = {
      "apiGroup" = "rbac.authorization.k8s.io"
      "kind"     = "ClusterRole"
      "name"     = "purser:developer"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.rolebinding_anti-fraud-v2_purser-developer
  id = "apiVersion=rbac.authorization.k8s.io/v1,kind=RoleBinding,namespace=anti-fraud-v2,name=purser-developer"
}

resource "kubernetes_manifest" "namespace_vision" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "Namespace"
    "metadata" = {
      "name" = "vision"
      "labels" = {
        "app.kubernetes.io/managed-by"               = "purser"
        "purser.dev/tenant"                          = "vision"
        "purser.dev/state"                           = "active"
        "pod-security.kubernetes.io/enforce"         = "baseline"
        "pod-security.kubernetes.io/enforce-version" = "latest"
      }
      "annotations" = {
        "purser.dev/state"   = "active"
        "purser.dev/project" = "vision"
        "purser.dev/team"    = "anti-fraud"
      }
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.namespace_vision
  id = "apiVersion=v1,kind=Namespace,name=vision"
}

resource "kubernetes_manifest" "limitrange_vision_purser-limits" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "LimitRange"
    "metadata" = {
      "name" = "purser-limits"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "namespace" = "vision"
    }
    "spec" = {
      "limits" = [
        {
          "type" = "Container"
          "default" = {
            "cpu"    = "1"
            "memory" = "4Gi"
          }
          "defaultRequest" = {
            "cpu"    = "1"
            "memory" = "4Gi"
          }
        },
      ]
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.limitrange_vision_purser-limits
  id = "apiVersion=v1,kind=LimitRange,namespace=vision,name=purser-limits"
}

resource "kubernetes_manifest" "resourcequota_vision_purser-quota" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "ResourceQuota"
    "metadata" = {
      "name" = "purser-quota"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "namespace" = "vision"
    }
    "spec" = {
      "hard" = {
        "limits.cpu"              = "64"
        "limits.memory"           = "256Gi"
        "requests.nvidia.com/gpu" = "4"
        "pods"                    = "200"
      }
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.resourcequota_vision_purser-quota
  id = "apiVersion=v1,kind=ResourceQuota,namespace=vision,name=purser-quota"
}

resource "kubernetes_manifest" "networkpolicy_vision_purser-default-deny" {
  manifest = {
    "apiVersion" = "networking.k8s.io/v1"
    "kind"       = "NetworkPolicy"
    "metadata" = {
      "name" = "purser-default-deny"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "namespace" = "vision"
    }
    "spec" = {
      "podSelector" = {}
      "policyTypes" = ["Ingress", "Egress"]
      "egress" = [
        {
          "to" = [
            {
              "namespaceSelector" = {
                "matchLabels" = {
                  "kubernetes.io/metadata.name" = "kube-system"
                }
              }
              "podSelector" = {
                "matchLabels" = {
                  "k8s-app" = "kube-dns"
                }
              }
            },
          ]
          "ports" = [
            {
              "protocol" = "UDP"
              "port"     = 53
            },
            {
              "protocol" = "TCP"
              "port"     = 53
            },
          ]
        },
      ]
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.networkpolicy_vision_purser-default-deny
  id = "apiVersion=networking.k8s.io/v1,kind=NetworkPolicy,namespace=vision,name=purser-default-deny"
}

resource "kubernetes_manifest" "configmap_vision_purser-images" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "ConfigMap"
    "metadata" = {
      "name" = "purser-images"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "annotations" = {
        "purser.dev/last-image" = "harbor.example.com/lib/vllm"
      }
      "namespace" = "vision"
    }
    "data" = {
      "images"       = "harbor.example.com/lib/vllm"
      "platform"     = ""
      "runtimeClass" = "kata-cc"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.configmap_vision_purser-images
  id = "apiVersion=v1,kind=ConfigMap,namespace=vision,name=purser-images"
}

resource "kubernetes_manifest" "serviceaccount_vision_purser-pull" {
  manifest = {
    "apiVersion" = "v1"
    "kind"       = "ServiceAccount"
    "metadata" = {
      "name" = "purser-pull"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "annotations" = {
        "purser.dev/state" = "active"
      }
      "namespace" = "vision"
    }
    "automountServiceAccountToken" = false
    "imagePullSecrets" = [
      {
        "name" = "purser-pull"
      },
    ]
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.serviceaccount_vision_purser-pull
  id = "apiVersion=v1,kind=ServiceAccount,namespace=vision,name=purser-pull"
}

resource "kubernetes_manifest" "localqueue_vision_purser" {
  manifest = {
    "apiVersion" = "kueue.x-k8s.io/v1beta2"
    "kind"       = "LocalQueue"
    "metadata" = {
      "name" = "purser"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "namespace" = "vision"
    }
    "spec" = {
      "clusterQueue" = "research"
      "stopPolicy"   = "None"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.localqueue_vision_purser
  id = "apiVersion=kueue.x-k8s.io/v1beta2,kind=LocalQueue,namespace=vision,name=purser"
}

resource "kubernetes_manifest" "clusterstoragecontainer_purser-vision" {
  manifest = {
    "apiVersion" = "serving.kserve.io/v1alpha1"
    "kind"       = "ClusterStorageContainer"
    "metadata" = {
      "name" = "purser-vision"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
    }
    "spec" = {
      "container" = {
        "name"  = "storage-initializer"
        "image" = "harbor.example.com/tools/decrypt:1"
      }
      "supportedUriFormats" = [
        {
          "prefix" = "gs://models/vision/"
        },
      ]
      "workloadType" = "initContainer"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.clusterstoragecontainer_purser-vision
  id = "apiVersion=serving.kserve.io/v1alpha1,kind=ClusterStorageContainer,name=purser-vision"
}

resource "kubernetes_manifest" "rolebinding_vision_purser-viewer" {
  manifest = {
    "apiVersion" = "rbac.authorization.k8s.io/v1"
    "kind"       = "RoleBinding"
    "metadata" = {
      "name" = "purser-viewer"
      "labels" = {
        "app.kubernetes.io/managed-by" = "purser"
        "purser.dev/tenant"            = "vision"
      }
      "namespace" = "vision"
    }
    "subjects" = [
      {
        "kind"     = "Group"
        "name"     = "purser:vision:viewer"
        "apiGroup" = "rbac.authorization.k8s.io"
      },
    ]
    "roleRef" = {
      "apiGroup" = "rbac.authorization.k8s.io"
      "kind"     = "ClusterRole"
      "name"     = "purser:viewer"
    }
  }
}

# The form of this id is not verified.
import {
  to = kubernetes_manifest.rolebinding_vision_purser-viewer
  id = "apiVersion=rbac.authorization.k8s.io/v1,kind=RoleBinding,namespace=vision,name=purser-viewer"
}
