import { fieldsOf, notAllowed, oneOf, type ValueRule } from './guard-context.ts';
import type { ReviewedKind } from './guard-kinds.ts';

/** Kinds that `manifests/components/` has beside those of a stack. An input has to allow each before it is applied. */
export const HARDENING_KINDS: readonly ReviewedKind[] = [
  { kind: 'PodMonitoring', group: 'monitoring.googleapis.com', line: 'PodMonitoring' },
  { kind: 'Rules', group: 'monitoring.googleapis.com', line: 'Rules' },
  { kind: 'PodMonitor', group: 'monitoring.coreos.com', line: 'PodMonitor' },
  { kind: 'PrometheusRule', group: 'monitoring.coreos.com', line: 'PrometheusRule' },
  { kind: 'PeerAuthentication', group: 'security.istio.io', line: 'PeerAuthentication' },
  { kind: 'Certificate', group: 'cert-manager.io', line: 'Certificate' },
  { kind: 'Issuer', group: 'cert-manager.io', line: 'Issuer' },
  { kind: 'HorizontalPodAutoscaler', group: 'autoscaling', line: 'HorizontalPodAutoscaler' },
  { kind: 'ScaledObject', group: 'keda.sh', line: 'ScaledObject' },
  { kind: 'ResourceQuota', group: '', line: 'ResourceQuota' },
  { kind: 'LimitRange', group: '', line: 'LimitRange' },
];

/**
 * The reviewed fields of those kinds, in the notation of `guard-fields.ts`. Refused is what reads a Secret that the
 * manifests do not bring, what looks into other namespaces, and what a controller would fetch from an address.
 */
export const HARDENING_LINES: Readonly<Record<string, string>> = {
  PodMonitoring: 'spec:PodMonitoringSpec status:?@empty',
  PodMonitoringSpec:
    'endpoints:[GoogleEndpoint] filterRunning:b limits:ScrapeLimits selector:LabelSelector targetLabels:TargetLabels',
  GoogleEndpoint:
    'authorization:GoogleAuthorization interval:s metricRelabeling:[Relabeling] path:s port:q scheme:s timeout:s ' +
    'tls:GoogleTLS -basicAuth -oauth2 -params -proxyUrl',
  GoogleAuthorization: 'credentials:GoogleCredentials type:s',
  GoogleCredentials: 'secret:GoogleSecretKey',
  GoogleSecretKey: 'key:s name:s@secret -namespace',
  GoogleTLS: 'insecureSkipVerify:b maxVersion:s minVersion:s serverName:s -ca -cert -key',
  Relabeling: 'action:s modulus:n regex:s replacement:s separator:s sourceLabels:[s] targetLabel:s',
  ScrapeLimits: 'labelNameLength:n labelValueLength:n labels:n samples:n',
  TargetLabels: 'fromPod:[TargetLabel] metadata:[s]',
  TargetLabel: 'from:s to:s',
  Rules: 'spec:RulesSpec status:?@empty',
  RulesSpec: 'groups:[RuleGroup]',
  RuleGroup: 'interval:s name:s rules:[AlertRule]',
  AlertRule: 'alert:s annotations:{s} expr:s for:s labels:{s} record:s',

  PodMonitor: 'spec:PodMonitorSpec status:?@empty',
  PodMonitorSpec:
    'attachMetadata:AttachMetadata bodySizeLimit:s jobLabel:s keepDroppedTargets:n labelLimit:n labelNameLengthLimit:n ' +
    'labelValueLengthLimit:n podMetricsEndpoints:[OperatorEndpoint] podTargetLabels:[s] sampleLimit:n ' +
    'selector:LabelSelector targetLimit:n -convertClassicHistogramsToNHCB -fallbackScrapeProtocol -namespaceSelector ' +
    '-nativeHistogramBucketLimit -nativeHistogramMinBucketFactor -scrapeClass -scrapeClassicHistograms ' +
    '-scrapeNativeHistograms -scrapeProtocols -selectorMechanism',
  AttachMetadata: 'node:b',
  OperatorEndpoint:
    'authorization:OperatorAuthorization enableHttp2:b filterRunning:b followRedirects:b honorLabels:b honorTimestamps:b ' +
    'interval:s path:s port:s portNumber:n scheme:s scrapeTimeout:s targetPort:q tlsConfig:OperatorTLS -basicAuth ' +
    '-bearerTokenSecret -metricRelabelings -noProxy -oauth2 -params -proxyConnectHeader -proxyFromEnvironment -proxyUrl ' +
    '-relabelings -trackTimestampsStaleness',
  OperatorAuthorization: 'credentials:OperatorSecretKey type:s',
  OperatorSecretKey: 'key:s name:s@secret optional:b',
  OperatorTLS: 'insecureSkipVerify:b maxVersion:s minVersion:s serverName:s -ca -cert -keySecret',
  PrometheusRule: 'spec:PrometheusRuleSpec status:?@empty',
  PrometheusRuleSpec: 'groups:[OperatorRuleGroup]',
  OperatorRuleGroup:
    'interval:s labels:{s} limit:n name:s rules:[OperatorRule] -partial_response_strategy -query_offset',
  OperatorRule: 'alert:s annotations:{s} expr:q for:s keep_firing_for:s labels:{s} record:s',

  PeerAuthentication: 'spec:PeerAuthenticationSpec status:?@empty',
  PeerAuthenticationSpec: 'mtls:PeerMtls portLevelMtls:{PeerMtls} selector:MatchLabels',
  PeerMtls: 'mode:s@meshMtls',

  Certificate: 'spec:CertificateSpec status:?@empty',
  CertificateSpec:
    'commonName:s dnsNames:[s] duration:s emailAddresses:[s] encodeUsagesInRequest:b ipAddresses:[s] isCA:b ' +
    'issuerRef:IssuerRef privateKey:CertificateKey renewBefore:s renewBeforePercentage:n revisionHistoryLimit:n ' +
    'secretName:s@certificateSecret signatureAlgorithm:s uris:[s] usages:[s] -additionalOutputFormats -keystores ' +
    '-literalSubject -nameConstraints -otherNames -renewal -secretTemplate -subject',
  IssuerRef: 'group:s@certManager kind:s@issuerKind name:s@issuer',
  CertificateKey: 'algorithm:s encoding:s rotationPolicy:s size:n',
  Issuer: 'spec:IssuerSpec status:?@empty',
  IssuerSpec: 'ca:IssuerCA selfSigned:SelfSigned -acme -vault -venafi',
  IssuerCA: 'secretName:s@certificateSecret -crlDistributionPoints -issuingCertificateURLs -ocspServers',
  SelfSigned: 'crlDistributionPoints:[s]',

  HorizontalPodAutoscaler: 'spec:HorizontalPodAutoscalerSpec status:?@empty',
  HorizontalPodAutoscalerSpec:
    'behavior:ScalingBehavior maxReplicas:n metrics:[ScalingMetric] minReplicas:n scaleTargetRef:ScaleTarget',
  ScaleTarget: 'apiVersion:s kind:s@scaledKind name:s@scaledName',
  ScalingBehavior: 'scaleDown:ScalingRules scaleUp:ScalingRules',
  ScalingRules: 'policies:[ScalingPolicy] selectPolicy:s stabilizationWindowSeconds:n tolerance:q',
  ScalingPolicy: 'periodSeconds:n type:s value:n',
  ScalingMetric: 'pods:PodsMetric resource:ResourceMetric type:s -containerResource -external -object',
  PodsMetric: 'metric:MetricName target:MetricTarget',
  MetricName: 'name:s selector:LabelSelector',
  ResourceMetric: 'name:s target:MetricTarget',
  MetricTarget: 'averageUtilization:n averageValue:q type:s value:q',
  ScaledObject: 'spec:ScaledObjectSpec status:?@empty',
  ScaledObjectSpec:
    'advanced:ScaledAdvanced cooldownPeriod:n fallback:ScaledFallback idleReplicaCount:n initialCooldownPeriod:n ' +
    'maxReplicaCount:n minReplicaCount:n pollingInterval:n scaleTargetRef:KedaTarget triggers:[KedaTrigger@kedaTrigger]',
  ScaledAdvanced: 'horizontalPodAutoscalerConfig:KedaAutoscaler restoreToOriginalReplicaCount:b -scalingModifiers',
  KedaAutoscaler: 'behavior:ScalingBehavior name:s',
  ScaledFallback: 'behavior:s failureThreshold:n replicas:n',
  KedaTarget: 'apiVersion:s kind:s@scaledKind name:s@scaledName -envSourceContainerName',
  KedaTrigger: 'metadata:{s} metricType:s name:s type:s useCachedMetrics:b -authenticationRef',

  ResourceQuota: 'spec:ResourceQuotaSpec status:?@empty',
  ResourceQuotaSpec: 'hard:{q} scopeSelector:QuotaScope scopes:[s]',
  QuotaScope: 'matchExpressions:[QuotaScopeRule]',
  QuotaScopeRule: 'operator:s scopeName:s values:[s]',
  LimitRange: 'spec:LimitRangeSpec',
  LimitRangeSpec: 'limits:[LimitRangeItem]',
  LimitRangeItem: 'default:{q} defaultRequest:{q} max:{q} maxLimitRequestRatio:{q} min:{q} type:s',
};

/** cert-manager overwrites the Secret that a Certificate names: it must not be one that a pod pulls or logs in with. */
const certificateSecret: ValueRule = (value, path) =>
  /^[a-z0-9][a-z0-9.-]*-(?:ca|tls)$/.test(String(value))
    ? []
    : notAllowed(path, value, 'a name that ends in -tls or -ca');

/** An issuer of the manifests: another one may sign for names that the change has no business with. */
const issuer: ValueRule = (value, path, { brought }) =>
  brought.has(`Issuer/${value}`) ? [] : notAllowed(path, value, 'an Issuer that the manifests bring');

/** The Deployment that KServe makes for the replicas of a service of the manifests. */
const scaledName: ValueRule = (value, path, { services }) =>
  [...services].some((name) => value === `${name}-kserve`)
    ? []
    : notAllowed(path, value, [...services].map((name) => `${name}-kserve`).join(', '));

/** KEDA asks the address with its own network: a Prometheus in the cluster alone, and no other kind of trigger. */
const kedaTrigger: ValueRule = (value, path) => {
  const { type, metadata } = fieldsOf(value);
  if (type !== 'prometheus') return notAllowed(path, type, 'prometheus', ['type']);
  const { serverAddress } = fieldsOf(metadata);
  const inCluster = /^https?:\/\/[a-z0-9-]+\.[a-z0-9-]+\.svc(?:\.cluster\.local)?(?::\d+)?(?:\/[\w./-]*)?$/;
  return inCluster.test(String(serverAddress))
    ? []
    : notAllowed(path, serverAddress, 'the address of a Service in the cluster', ['metadata', 'serverAddress']);
};

/** The rules that those lines name. */
export const HARDENING_RULES = {
  certificateSecret,
  certManager: oneOf(['cert-manager.io']),
  issuer,
  issuerKind: oneOf(['Issuer']),
  kedaTrigger,
  meshMtls: oneOf(['STRICT', 'PERMISSIVE', 'UNSET']),
  scaledKind: oneOf(['Deployment']),
  scaledName,
} satisfies Record<string, ValueRule>;
