# A rule of AWS Config that asks tlsprobe whether visits prove what AWS declares of a resource.

terraform {
  required_version = ">= 1.5"
  required_providers {
    archive = { source = "hashicorp/archive", version = "~> 2.4" }
    aws     = { source = "hashicorp/aws", version = ">= 5.40" }
  }
}

variable "service_url" {
  type        = string
  description = "The URL of tlsprobe, such as https://tlsprobe.example.com"
  validation {
    condition     = startswith(var.service_url, "https://")
    error_message = "service_url must begin with https://."
  }
}

variable "token_secret_arn" {
  type        = string
  default     = ""
  description = "The secret of Secrets Manager that has a token of tlsprobe with the role viewer; empty if none is needed"
}

variable "subnet_ids" {
  type        = list(string)
  default     = []
  description = "Private subnets from which tlsprobe, AWS Config and Secrets Manager are reached; empty for none"
}

variable "security_group_ids" {
  type        = list(string)
  default     = []
  description = "Security groups for these subnets"
}

variable "resource_types" {
  type = list(string)
  default = [
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancing::LoadBalancer",
    "AWS::CloudFront::Distribution",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
  ]
  description = "The types of resources that are evaluated"
}

variable "frequency" {
  type        = string
  default     = "One_Hour"
  description = "How often all resources are evaluated again, besides after each change"
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "archive_file" "code" {
  type        = "zip"
  source_file = "${path.module}/handler.py"
  output_path = "${path.root}/config-rule.zip"
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/tlsprobe-config-rule"
  retention_in_days = 30
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "evaluate" {
  statement {
    actions = [
      "config:BatchGetResourceConfig",
      "config:ListDiscoveredResources",
      "config:PutEvaluations",
    ]
    resources = ["*"]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.logs.arn}:*"]
  }
  dynamic "statement" {
    for_each = var.token_secret_arn == "" ? [] : [var.token_secret_arn]
    content {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role" "rule" {
  name_prefix        = "tlsprobe-config-rule-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "evaluate" {
  name   = "evaluate"
  role   = aws_iam_role.rule.id
  policy = data.aws_iam_policy_document.evaluate.json
}

resource "aws_iam_role_policy_attachment" "vpc" {
  count      = length(var.subnet_ids) > 0 ? 1 : 0
  role       = aws_iam_role.rule.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
}

resource "aws_lambda_function" "rule" {
  function_name    = "tlsprobe-config-rule"
  description      = "Answers AWS Config with what tlsprobe has proved"
  runtime          = "python3.13"
  handler          = "handler.handler"
  filename         = data.archive_file.code.output_path
  source_code_hash = data.archive_file.code.output_base64sha256
  role             = aws_iam_role.rule.arn
  timeout          = 300
  memory_size      = 256

  environment {
    variables = {
      TLSPROBE_URL          = var.service_url
      TLSPROBE_TOKEN_SECRET = var.token_secret_arn
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.logs.name
  }

  dynamic "vpc_config" {
    for_each = length(var.subnet_ids) > 0 ? [1] : []
    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  depends_on = [aws_iam_role_policy.evaluate, aws_iam_role_policy_attachment.vpc]
}

resource "aws_lambda_permission" "config" {
  function_name  = aws_lambda_function.rule.function_name
  action         = "lambda:InvokeFunction"
  principal      = "config.amazonaws.com"
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_config_config_rule" "rule" {
  name             = "tlsprobe-encryption-in-transit"
  description      = "Visits of tlsprobe prove what AWS declares of the resource's encryption in transit"
  input_parameters = jsonencode({ resourceTypes = join(",", var.resource_types) })

  scope {
    compliance_resource_types = var.resource_types
  }

  source {
    owner             = "CUSTOM_LAMBDA"
    source_identifier = aws_lambda_function.rule.arn

    source_detail {
      message_type = "ConfigurationItemChangeNotification"
    }
    source_detail {
      message_type = "OversizedConfigurationItemChangeNotification"
    }
    source_detail {
      message_type                = "ScheduledNotification"
      maximum_execution_frequency = var.frequency
    }
  }

  depends_on = [aws_lambda_permission.config]
}
