# A queue of the calls that CloudTrail records in this region, from which tlsprobe learns who caused changes.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.40" }
  }
}

resource "aws_cloudwatch_event_rule" "calls" {
  name_prefix = "tlsprobe-calls-"
  description = "The calls of services whose endpoints tlsprobe probes"
  event_pattern = jsonencode({
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = [
        "apigateway.amazonaws.com",
        "appsync.amazonaws.com",
        "cloudfront.amazonaws.com",
        "eks.amazonaws.com",
        "elasticache.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "es.amazonaws.com",
        "iot.amazonaws.com",
        "kafka.amazonaws.com",
        "lambda.amazonaws.com",
        "memorydb.amazonaws.com",
        "rds.amazonaws.com",
        "redshift.amazonaws.com",
        "transfer.amazonaws.com",
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule      = aws_cloudwatch_event_rule.calls.name
  target_id = "queue"
  arn       = aws_sqs_queue.calls.arn
}

resource "aws_sqs_queue" "calls" {
  name_prefix                = "tlsprobe-calls-"
  message_retention_seconds  = 345600
  visibility_timeout_seconds = 60
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.unread.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "unread" {
  name_prefix               = "tlsprobe-unread-"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "senders" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.calls.arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.calls.arn]
    }
  }
  statement {
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.calls.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "senders" {
  queue_url = aws_sqs_queue.calls.id
  policy    = data.aws_iam_policy_document.senders.json
}

output "queue_arn" {
  description = "For event_queues of the source in tlsprobe.yml"
  value       = aws_sqs_queue.calls.arn
}
