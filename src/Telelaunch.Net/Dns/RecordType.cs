namespace Telelaunch.Net.Dns;

/// <summary>TYPE of a record (RFC 1035 §3.2.2, 3596, 2782, 6672, 6891, 9460). A message may hold any other number.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "The RFC's spelling; no pointer is meant.")]
public enum RecordType : ushort
{
    None = 0,
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    MX = 15,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    DNAME = 39,
    OPT = 41,
    SVCB = 64,
    HTTPS = 65,
}
