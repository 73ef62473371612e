/**
 * The reviewed fields of a pod and of what workloads are made of, one line a type: see `guard-fields.ts` for the
 * notation. The names of the types are those of Kubernetes' API where it has one. A field without `-` may be set by a
 * pull request, because it concerns the pod alone; what reaches its node, other pods, other people's objects or the
 * bill has a `-`, or a rule on its value.
 */
export const POD_LINES: Readonly<Record<string, string>> = {
  ObjectMeta:
    'annotations:{s}@annotations creationTimestamp:?@empty labels:{s}@labels name:s@name namespace:s ' +
    '-deletionGracePeriodSeconds -deletionTimestamp -finalizers -generateName -generation -managedFields ' +
    '-ownerReferences -resourceVersion -selfLink -uid',
  PodMeta:
    'annotations:{s}@annotations creationTimestamp:?@empty labels:{s}@labels -deletionGracePeriodSeconds ' +
    '-deletionTimestamp -finalizers -generateName -generation -managedFields -name -namespace -ownerReferences ' +
    '-resourceVersion -selfLink -uid',
  PodTemplateSpec: 'metadata:PodMeta spec:PodSpec',
  PodSpec:
    'activeDeadlineSeconds:n affinity:Affinity automountServiceAccountToken:b containers:[Container] ' +
    'dnsPolicy:s@dnsPolicy enableServiceLinks:b hostIPC:b@false hostNetwork:b@false hostPID:b@false hostUsers:b ' +
    'imagePullSecrets:[PullSecret] initContainers:[Container] nodeSelector:{s}@nodeSelector os:PodOS ' +
    'priorityClassName:s@priorityClass resources:ResourceRequirements restartPolicy:s schedulerName:s@scheduler ' +
    'securityContext:PodSecurityContext serviceAccount:s serviceAccountName:s shareProcessNamespace:b ' +
    'terminationGracePeriodSeconds:n@grace tolerations:[Toleration@toleration] ' +
    'topologySpreadConstraints:[TopologySpreadConstraint] volumes:[Volume] ' +
    '-dnsConfig -ephemeralContainers -hostAliases -hostname -hostnameOverride -nodeName -overhead -preemptionPolicy ' +
    '-priority -readinessGates -resourceClaims -runtimeClassName -schedulingGates -setHostnameAsFQDN -subdomain',
  PodOS: 'name:s',
  PullSecret: 'name:s@secret',
  Container:
    'args:[s] command:[s] env:[EnvVar] envFrom:[EnvFromSource] image:s imagePullPolicy:s lifecycle:Lifecycle ' +
    'livenessProbe:Probe name:s ports:[ContainerPort] readinessProbe:Probe resizePolicy:[ContainerResizePolicy] ' +
    'resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule] ' +
    'securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s ' +
    'terminationMessagePolicy:s tty:b volumeMounts:[VolumeMount] workingDir:s -volumeDevices',
  ContainerPort: 'containerPort:n hostPort:n@zero name:s protocol:s -hostIP',
  ContainerResizePolicy: 'resourceName:s restartPolicy:s',
  ContainerRestartRule: 'action:s exitCodes:ExitCodes',
  ExitCodes: 'operator:s values:[n]',
  EnvVar: 'name:s value:s valueFrom:EnvVarSource',
  EnvVarSource:
    'configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector ' +
    'secretKeyRef:SecretKeySelector -fileKeyRef',
  ConfigMapKeySelector: 'key:s name:s@configMap optional:b',
  SecretKeySelector: 'key:s name:s@secret optional:b',
  ObjectFieldSelector: 'apiVersion:s fieldPath:s',
  ResourceFieldSelector: 'containerName:s divisor:q resource:s',
  EnvFromSource: 'configMapRef:ConfigMapRef prefix:s secretRef:SecretRef',
  ConfigMapRef: 'name:s@configMap optional:b',
  SecretRef: 'name:s@secret optional:b',
  Lifecycle: 'postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:s',
  LifecycleHandler: 'exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction',
  ExecAction: 'command:[s]',
  SleepAction: 'seconds:n@grace',
  // The kubelet sends a probe, from the node's network: with `host` it would reach whatever the node reaches.
  HTTPGetAction: 'httpHeaders:[HTTPHeader] path:s port:q scheme:s -host',
  HTTPHeader: 'name:s value:s',
  TCPSocketAction: 'port:q -host',
  GRPCAction: 'port:n service:s',
  Probe:
    'exec:ExecAction failureThreshold:n grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:n periodSeconds:n ' +
    'successThreshold:n tcpSocket:TCPSocketAction terminationGracePeriodSeconds:n@grace timeoutSeconds:n',
  ResourceRequirements: 'limits:{q} requests:{q} -claims',
  SecurityContext:
    'allowPrivilegeEscalation:b@false appArmorProfile:AppArmorProfile capabilities:Capabilities privileged:b@false ' +
    'procMount:s readOnlyRootFilesystem:b runAsGroup:n runAsNonRoot:b runAsUser:n seccompProfile:SeccompProfile ' +
    '-seLinuxOptions -windowsOptions',
  PodSecurityContext:
    'appArmorProfile:AppArmorProfile fsGroup:n fsGroupChangePolicy:s runAsGroup:n runAsNonRoot:b runAsUser:n ' +
    'seLinuxChangePolicy:s seccompProfile:SeccompProfile supplementalGroups:[n] supplementalGroupsPolicy:s ' +
    '-seLinuxOptions -sysctls -windowsOptions',
  Capabilities: 'add:[s]@empty drop:[s]',
  SeccompProfile: 'type:s@runtimeDefault -localhostProfile',
  AppArmorProfile: 'type:s@runtimeDefault -localhostProfile',
  VolumeMount:
    'mountPath:s mountPropagation:s@noPropagation name:s readOnly:b recursiveReadOnly:s subPath:s subPathExpr:s',
  Volume:
    'configMap:ConfigMapVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ' +
    'image:ImageVolumeSource name:s persistentVolumeClaim:PersistentVolumeClaimVolumeSource ' +
    'projected:ProjectedVolumeSource secret:SecretVolumeSource ' +
    '-awsElasticBlockStore -azureDisk -azureFile -cephfs -cinder -csi -ephemeral -fc -flexVolume -flocker ' +
    '-gcePersistentDisk -gitRepo -glusterfs -hostPath -iscsi -nfs -photonPersistentDisk -portworxVolume -quobyte -rbd ' +
    '-scaleIO -storageos -vsphereVolume',
  ConfigMapVolumeSource: 'defaultMode:n items:[KeyToPath] name:s@configMap optional:b',
  SecretVolumeSource: 'defaultMode:n items:[KeyToPath] optional:b secretName:s@secret',
  KeyToPath: 'key:s mode:n path:s',
  EmptyDirVolumeSource: 'medium:s sizeLimit:q',
  ImageVolumeSource: 'pullPolicy:s reference:s',
  PersistentVolumeClaimVolumeSource: 'claimName:s@claim readOnly:b',
  DownwardAPIVolumeSource: 'defaultMode:n items:[DownwardAPIVolumeFile]',
  DownwardAPIVolumeFile: 'fieldRef:ObjectFieldSelector mode:n path:s resourceFieldRef:ResourceFieldSelector',
  ProjectedVolumeSource: 'defaultMode:n sources:[VolumeProjection]',
  VolumeProjection:
    'configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection secret:SecretProjection ' +
    '-clusterTrustBundle -podCertificate -serviceAccountToken',
  ConfigMapProjection: 'items:[KeyToPath] name:s@configMap optional:b',
  SecretProjection: 'items:[KeyToPath] name:s@secret optional:b',
  DownwardAPIProjection: 'items:[DownwardAPIVolumeFile]',
  Affinity: 'nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity',
  NodeAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm] ' +
    'requiredDuringSchedulingIgnoredDuringExecution:NodeSelector',
  PreferredSchedulingTerm: 'preference:NodeSelectorTerm weight:n',
  NodeSelector: 'nodeSelectorTerms:[NodeSelectorTerm]',
  NodeSelectorTerm: 'matchExpressions:[NodeSelectorRequirement] -matchFields',
  NodeSelectorRequirement: 'key:s@nodeLabel operator:s values:[s]',
  PodAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] ' +
    'requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]',
  WeightedPodAffinityTerm: 'podAffinityTerm:PodAffinityTerm weight:n',
  PodAffinityTerm:
    'labelSelector:LabelSelector matchLabelKeys:[s] mismatchLabelKeys:[s] topologyKey:s -namespaceSelector -namespaces',
  LabelSelector: 'matchExpressions:[LabelSelectorRequirement] matchLabels:{s}',
  LabelSelectorRequirement: 'key:s operator:s values:[s]',
  Toleration: 'effect:s key:s operator:s tolerationSeconds:n value:s',
  TopologySpreadConstraint:
    'labelSelector:LabelSelector matchLabelKeys:[s] maxSkew:n minDomains:n nodeAffinityPolicy:s nodeTaintsPolicy:s ' +
    'topologyKey:s whenUnsatisfiable:s',
};
