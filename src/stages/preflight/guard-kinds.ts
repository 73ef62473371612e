/** The root of a kind that has been reviewed: its group, and the line of its fields beside apiVersion, kind and metadata. */
export interface ReviewedKind {
  kind: string;
  group: string;
  line: string;
}

/** The kinds of a stack whose fields have been reviewed. Which of them a pull request may bring is another question: the inputs. */
export const REVIEWED_KINDS: readonly ReviewedKind[] = [
  { kind: 'LLMInferenceService', group: 'serving.kserve.io', line: 'LLMInferenceService' },
  { kind: 'LLMInferenceServiceConfig', group: 'serving.kserve.io', line: 'LLMInferenceService' },
  { kind: 'NetworkPolicy', group: 'networking.k8s.io', line: 'NetworkPolicy' },
  { kind: 'DestinationRule', group: 'networking.istio.io', line: 'DestinationRule' },
  { kind: 'EnvoyFilter', group: 'networking.istio.io', line: 'EnvoyFilter' },
  { kind: 'HTTPRoute', group: 'gateway.networking.k8s.io', line: 'HTTPRoute' },
  { kind: 'InferencePool', group: 'inference.networking.k8s.io', line: 'InferencePool' },
  { kind: 'InferencePool', group: 'inference.networking.x-k8s.io', line: 'InferencePool' },
  { kind: 'ConfigMap', group: '', line: 'ConfigMap' },
  { kind: 'Secret', group: '', line: 'Secret' },
  { kind: 'Service', group: '', line: 'Service' },
  { kind: 'PersistentVolumeClaim', group: '', line: 'PersistentVolumeClaim' },
  { kind: 'Deployment', group: 'apps', line: 'Deployment' },
  { kind: 'Job', group: 'batch', line: 'Job' },
  { kind: 'PodDisruptionBudget', group: 'policy', line: 'PodDisruptionBudget' },
];

/** The reviewed fields of those kinds, in the notation of `guard-fields.ts`. */
export const KIND_LINES: Readonly<Record<string, string>> = {
  LLMInferenceService: 'spec:LLMInferenceServiceSpec status:?@empty',
  LLMInferenceServiceSpec:
    'annotations:{s}@annotations baseRefs:[BaseRef] kvCacheOffloading:KVCacheOffloading labels:{s}@labels model:Model ' +
    'parallelism:Parallelism prefill:Workload replicas:n router:Router storageInitializer:StorageInitializer ' +
    'template:PodSpec tracing:Tracing worker:PodSpec -scaling',
  Workload:
    'annotations:{s}@annotations kvCacheOffloading:KVCacheOffloading labels:{s}@labels parallelism:Parallelism ' +
    'replicas:n template:PodSpec worker:PodSpec -scaling',
  BaseRef: 'name:s@baseConfig',
  Model: 'criticality:s lora:Lora name:s@modelName uri:s@model -confidential',
  Lora: 'adapters:[Adapter] maxAdapters:n maxCpuAdapters:n maxRank:n',
  Adapter: 'criticality:s name:s@modelName uri:s@model',
  Parallelism: 'data:n dataLocal:n dataRPCPort:n expert:b pipeline:n tensor:n',
  KVCacheOffloading: 'cpu:q evictionPolicy:s@word secondary:[KVCacheTier]',
  KVCacheTier: 'fileSystem:KVCacheFileSystem',
  KVCacheFileSystem: 'emptyDir:KVCacheEmptyDir pvc:KVCacheClaim',
  KVCacheEmptyDir: 'size:q',
  KVCacheClaim: 'ref:KVCacheClaimRef -spec',
  KVCacheClaimRef: 'name:s@claim path:s',
  StorageInitializer: 'enabled:b',
  Tracing: 'exporter:s sampler:s samplerArg:s -exporterEndpoint',
  Router: 'gateway:RouterGateway route:RouterRoute scheduler:Scheduler -ingress',
  RouterGateway: 'refs:[GatewayRef@gateway]',
  GatewayRef: 'name:s namespace:s sectionName:s',
  // A group shares its traffic among services that are not in these manifests.
  RouterRoute: 'http:RouterHTTP -group -weight',
  RouterHTTP: 'refs:[RouteRef] spec:HTTPRouteSpec@route',
  RouteRef: 'name:s@routeName',
  Scheduler:
    'annotations:{s}@annotations config:SchedulerConfig labels:{s}@labels pool:SchedulerPool replicas:n template:PodSpec',
  SchedulerConfig: 'inline:? ref:ConfigMapKeySelector',
  SchedulerPool: 'ref:PoolRef spec:InferencePoolSpec',
  PoolRef: 'name:s@poolName',

  InferencePool: 'spec:InferencePoolSpec status:?@empty',
  // Both groups: the selector of inference.networking.x-k8s.io is the map that matchLabels is in the other.
  InferencePoolSpec:
    'appProtocol:s endpointPickerRef:PickerRef extensionRef:PickerRef selector:? targetPortNumber:n targetPorts:[TargetPort]',
  PickerRef: 'failureMode:s group:s@serviceGroup kind:s@serviceKind name:s@serviceName port:TargetPort portNumber:n',
  TargetPort: 'number:n',

  HTTPRoute: 'spec:HTTPRouteSpec@route status:?@empty',
  HTTPRouteSpec: 'hostnames:[s]@hostnames parentRefs:[ParentRef@gateway] rules:[HTTPRouteRule] -useDefaultGateways',
  ParentRef: 'group:s kind:s name:s namespace:s port:n sectionName:s',
  HTTPRouteRule:
    'backendRefs:[BackendRef@backend] filters:[HTTPRouteFilter] matches:[HTTPRouteMatch] name:s retry:RouteRetry ' +
    'timeouts:RouteTimeouts -sessionPersistence',
  BackendRef: 'group:s kind:s name:s namespace:s port:n weight:n -filters',
  HTTPRouteFilter:
    'type:s@rewriteFilter urlRewrite:URLRewrite -cors -extensionRef -externalAuth -requestHeaderModifier -requestMirror ' +
    '-requestRedirect -responseHeaderModifier',
  URLRewrite: 'path:PathRewrite -hostname',
  PathRewrite: 'replaceFullPath:s replacePrefixMatch:s type:s',
  HTTPRouteMatch: 'headers:[RouteValue] method:s path:RoutePath queryParams:[RouteValue]',
  RouteValue: 'name:s type:s value:s',
  RoutePath: 'type:s value:s',
  RouteRetry: 'attempts:n backoff:s codes:[n]',
  RouteTimeouts: 'backendRequest:s request:s',

  NetworkPolicy: 'spec:NetworkPolicySpec',
  NetworkPolicySpec:
    'egress:[NetworkPolicyEgressRule] ingress:[NetworkPolicyIngressRule] podSelector:LabelSelector policyTypes:[s]',
  NetworkPolicyEgressRule: 'ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]',
  NetworkPolicyIngressRule: 'from:[NetworkPolicyPeer] ports:[NetworkPolicyPort]',
  NetworkPolicyPeer: 'ipBlock:IPBlock namespaceSelector:LabelSelector podSelector:LabelSelector',
  NetworkPolicyPort: 'endPort:n port:q protocol:s',
  IPBlock: 'cidr:s except:[s]',

  DestinationRule: 'spec:DestinationRuleSpec status:?@empty',
  DestinationRuleSpec:
    'exportTo:[s]@exportTo host:s@stackHost subsets:[Subset] trafficPolicy:TrafficPolicy workloadSelector:MatchLabels',
  MatchLabels: 'matchLabels:{s}',
  Subset: 'labels:{s} name:s trafficPolicy:TrafficPolicy',
  TrafficPolicy:
    'connectionPool:ConnectionPool loadBalancer:LoadBalancer outlierDetection:OutlierDetection ' +
    'portLevelSettings:[PortTrafficPolicy] retryBudget:RetryBudget tls:ClientTLS -proxyProtocol -tunnel',
  PortTrafficPolicy:
    'connectionPool:ConnectionPool loadBalancer:LoadBalancer outlierDetection:OutlierDetection port:TargetPort tls:ClientTLS',
  ConnectionPool: 'http:HTTPPool tcp:TCPPool',
  HTTPPool:
    'h2UpgradePolicy:s http1MaxPendingRequests:n http2KeepAlive:HTTPKeepAlive http2MaxRequests:n idleTimeout:s ' +
    'maxConcurrentStreams:n maxRequestsPerConnection:n maxRetries:n useClientProtocol:b',
  HTTPKeepAlive: 'interval:s timeout:s',
  TCPPool: 'connectTimeout:s idleTimeout:s maxConnectionDuration:s maxConnections:n tcpKeepalive:TCPKeepalive',
  TCPKeepalive: 'interval:s probes:n time:s',
  LoadBalancer:
    'consistentHash:ConsistentHash simple:s warmup:Warmup warmupDurationSecs:s -backendUtilization -localityLbSetting ' +
    '-zoneAwareLbSetting',
  ConsistentHash:
    'httpCookie:HashCookie httpHeaderName:s httpQueryParameterName:s maglev:Maglev minimumRingSize:n ringHash:RingHash ' +
    'useSourceIp:b',
  HashCookie: 'name:s path:s ttl:s -attributes',
  Maglev: 'tableSize:n',
  RingHash: 'minimumRingSize:n',
  Warmup: 'aggression:n duration:s minimumPercent:n',
  OutlierDetection:
    'baseEjectionTime:s consecutive5xxErrors:n consecutiveErrors:n consecutiveGatewayErrors:n ' +
    'consecutiveLocalOriginFailures:n interval:s maxEjectionPercent:n minHealthPercent:n ' +
    'outlierDetectionHttpErrorCodes:[n] splitExternalLocalOriginErrors:b',
  RetryBudget: 'budgetInterval:s minRetryConcurrency:n percent:n',
  // Certificates and keys are files and Secrets of the gateway, which belongs to somebody else.
  ClientTLS:
    'caCertificates:s insecureSkipVerify:b mode:s@tlsMode sni:s subjectAltNames:[s] -caCrl -clientCertificate ' +
    '-credentialName -privateKey',

  EnvoyFilter: 'spec:EnvoyFilterSpec status:?@empty',
  EnvoyFilterSpec: 'configPatches:[EnvoyPatch@envoyPatch] priority:n workloadSelector:EnvoyWorkload -targetRefs',
  EnvoyWorkload: 'labels:{s}',
  EnvoyPatch: 'applyTo:s match:EnvoyMatch patch:EnvoyPatchBody',
  EnvoyMatch: 'context:s routeConfiguration:EnvoyRoutes -cluster -listener -proxy -waypoint',
  EnvoyRoutes: 'vhost:EnvoyHost -gateway -name -portName -portNumber',
  EnvoyHost: 'route:EnvoyRoute -domainName -name',
  EnvoyRoute: 'name:s -action',
  EnvoyPatchBody: 'operation:s value:EnvoyRouteValue -filterClass',
  // The schema takes any configuration of Envoy here. This is the endpoint picker of a route and no more.
  EnvoyRouteValue: 'typed_per_filter_config:EnvoyFilters',
  EnvoyFilters: 'envoy.filters.http.ext_proc:ExtProcPerRoute',
  ExtProcPerRoute: '@type:s overrides:ExtProcOverrides',
  ExtProcOverrides: 'failure_mode_allow:b grpc_service:EnvoyGrpcService processing_mode:ProcessingMode',
  EnvoyGrpcService: 'envoy_grpc:EnvoyGrpc timeout:s',
  EnvoyGrpc: 'authority:s cluster_name:s@stackCluster',
  ProcessingMode:
    'request_body_mode:s request_header_mode:s request_trailer_mode:s response_body_mode:s response_header_mode:s ' +
    'response_trailer_mode:s',

  ConfigMap: 'binaryData:{s} data:{s} immutable:b',
  Secret: 'data:{s} immutable:b stringData:{s} type:s@secretType',
  Service: 'spec:ServiceSpec status:?@empty',
  ServiceSpec:
    'internalTrafficPolicy:s ipFamilies:[s] ipFamilyPolicy:s ports:[ServicePort] publishNotReadyAddresses:b selector:{s} ' +
    'sessionAffinity:s sessionAffinityConfig:SessionAffinityConfig trafficDistribution:s type:s@clusterIP clusterIP:s@headless ' +
    '-allocateLoadBalancerNodePorts -clusterIPs -externalIPs -externalName -externalTrafficPolicy ' +
    '-healthCheckNodePort -loadBalancerClass -loadBalancerIP -loadBalancerSourceRanges',
  ServicePort: 'appProtocol:s name:s port:n protocol:s targetPort:q -nodePort',
  SessionAffinityConfig: 'clientIP:ClientIPConfig',
  ClientIPConfig: 'timeoutSeconds:n',
  PersistentVolumeClaim: 'spec:PersistentVolumeClaimSpec status:?@empty',
  PersistentVolumeClaimSpec:
    'accessModes:[s] resources:VolumeResourceRequirements volumeMode:s -dataSource -dataSourceRef -selector ' +
    '-storageClassName -volumeAttributesClassName -volumeName',
  VolumeResourceRequirements: 'limits:{q} requests:{q}',
  Deployment: 'spec:DeploymentSpec status:?@empty',
  DeploymentSpec:
    'minReadySeconds:n paused:b progressDeadlineSeconds:n replicas:n revisionHistoryLimit:n selector:LabelSelector ' +
    'strategy:DeploymentStrategy template:PodTemplateSpec',
  DeploymentStrategy: 'rollingUpdate:RollingUpdateDeployment type:s',
  RollingUpdateDeployment: 'maxSurge:q maxUnavailable:q',
  Job: 'spec:JobSpec status:?@empty',
  JobSpec:
    'activeDeadlineSeconds:n backoffLimit:n backoffLimitPerIndex:n completionMode:s completions:n maxFailedIndexes:n ' +
    'parallelism:n podReplacementPolicy:s suspend:b template:PodTemplateSpec ttlSecondsAfterFinished:n ' +
    '-managedBy -manualSelector -podFailurePolicy -selector -successPolicy',
  PodDisruptionBudget: 'spec:PodDisruptionBudgetSpec status:?@empty',
  PodDisruptionBudgetSpec: 'maxUnavailable:q minAvailable:q selector:LabelSelector unhealthyPodEvictionPolicy:s',
};
