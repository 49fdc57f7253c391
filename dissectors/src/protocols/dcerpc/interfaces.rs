//! Interfaces by their UUID: what a bind asks for.

use std::fmt;

use crate::reader::Reader;

/// An interface's or object's id, its first hexadecimal digit in the highest bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Uuid(pub u128);

impl Uuid {
    /// Reads sixteen bytes; the first three parts are in the sender's byte order (C706 appendix A, 14.1).
    pub fn read(reader: &mut Reader<'_>, little: bool) -> Option<Self> {
        let bytes: [u8; 16] = reader.array()?;
        let whole = u128::from_be_bytes(bytes);
        if !little {
            return Some(Self(whole));
        }
        let part = |shift: u32, bits: u32| (whole >> shift) & ((1u128 << bits) - 1);
        let first = u128::from((part(96, 32) as u32).swap_bytes());
        let second = u128::from((part(80, 16) as u16).swap_bytes());
        let third = u128::from((part(64, 16) as u16).swap_bytes());
        Some(Self(first << 96 | second << 80 | third << 64 | part(0, 64)))
    }

    /// The interface's name, where it is well known.
    pub fn name(self) -> Option<&'static str> {
        let at = NAMES.binary_search_by_key(&self.0, |(uuid, _)| *uuid).ok()?;
        NAMES.get(at).map(|(_, name)| *name)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0;
        let part = |shift: u32, bits: u32| (whole >> shift) & ((1u128 << bits) - 1);
        let (a, b, c, d, e) = (part(96, 32), part(80, 16), part(64, 16), part(48, 16), part(0, 48));
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    }
}

/// The endpoint mapper (C706 appendix O).
pub const EPMAPPER: Uuid = Uuid(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa);

/// Interfaces of Windows, DCE, Exchange and PROFINET, by UUID.
const NAMES: &[(u128, &str)] = &[
    (0x00000000_0000_0000_c000_000000000046, "IUnknown"),
    (0x00000001_0000_0000_c000_000000000046, "IClassFactory"),
    (0x00000131_0000_0000_c000_000000000046, "IRemUnknown"),
    (0x00000143_0000_0000_c000_000000000046, "IRemUnknown2"),
    (0x000001a0_0000_0000_c000_000000000046, "ISystemActivator"),
    (0x00020400_0000_0000_c000_000000000046, "IDispatch"),
    (0x027947e1_d731_11ce_a357_000000000001, "IEnumWbemClassObject"),
    (0x0b0a6584_9e0f_11cf_a3cf_00805f68cb1b, "localepmp"),
    (0x12345678_1234_abcd_ef00_0123456789ab, "spoolss"),
    (0x12345678_1234_abcd_ef00_01234567cffb, "netlogon"),
    (0x12345778_1234_abcd_ef00_0123456789ab, "lsarpc"),
    (0x12345778_1234_abcd_ef00_0123456789ac, "samr"),
    (0x1544f5e0_613c_11d1_93df_00c04fd7bd09, "rfr"),
    (0x17fdd703_1827_4e34_79d4_24a55c53bb37, "msgsvc"),
    (0x1c1c45ee_4395_11d2_b60b_00104b703efd, "IWbemFetchSmartEnum"),
    (0x1ff70682_0a51_30e8_076d_740be8cee98b, "atsvc"),
    (0x2f5f3220_c126_1076_b549_074d078619da, "nddeapi"),
    (0x2f5f6520_ca46_1067_b319_00dd010662da, "tapsrv"),
    (0x300f3532_38cc_11d0_a3f0_0020af6b0add, "trkwks"),
    (0x338cd001_2244_31f1_aaaa_900038001003, "winreg"),
    (0x342cfd40_3c6c_11ce_a893_08002b2e9c6d, "llsrpc"),
    (0x367abb81_9844_35f1_ad32_98f038001003, "svcctl"),
    (0x378e52b0_c0a9_11cf_822d_00aa0051e40f, "sasec"),
    (0x3919286a_b10c_11d0_9ba8_00c04fd92ef5, "dssetup"),
    (0x39c13a4d_011e_11d0_9675_0020afd8adb3, "IOPCServer"),
    (0x3c4728c5_f0ab_448b_bda1_6ce01eb0a6d5, "dhcpcsvc"),
    (0x3dde7c30_165d_11d1_ab8f_00805f14db40, "bkrp"),
    (0x423ec01e_2e35_11d2_b604_00104b703efd, "IWbemWCOSmartEnum"),
    (0x45f52c28_7f9f_101a_b52b_08002b2efabe, "winsif"),
    (0x484809d6_4239_471b_b5bc_61df8c23ac48, "TermSrvSession"),
    (0x497d95a6_2d27_4bf5_9bbd_a6046957133c, "TermSrvListener"),
    (0x4b112204_0e19_11d3_b42b_0000f81feb9f, "ssdpsrv"),
    (0x4b324fc8_1670_01d3_1278_5a47bf6ee188, "srvsvc"),
    (0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57, "IActivation"),
    (0x4da1c422_943d_11d1_acae_00c04fc2aa3f, "trksvr"),
    (0x4fc742e0_4a10_11cf_8273_00aa004ae673, "netdfs"),
    (0x50abc2a4_574d_40b3_9d66_ee4fd5fba076, "dnsserver"),
    (0x5261574a_4572_206e_b268_6b199213b4e4, "asyncemsmdb"),
    (0x5a7b91f8_ff00_11d0_a9b2_00c04fb6e6fc, "msgsvcsend"),
    (0x5b821720_f63b_11d0_aad2_00c04fc324db, "dhcpsrv2"),
    (0x5ca4a760_ebb1_11cf_8611_00a0245420ed, "winstation"),
    (0x6b5bdd1e_528c_422c_af8c_a4079be4fe48, "remotefw"),
    (0x6bffd098_a112_3610_9833_012892020162, "browser"),
    (0x6bffd098_a112_3610_9833_46c3f874532d, "dhcpsrv"),
    (0x6bffd098_a112_3610_9833_46c3f87e345a, "wkssvc"),
    (0x76f03f96_cdfd_44fc_a22c_64950a001209, "IRemoteWinspool"),
    (0x7c44d7d4_31d5_424c_bd5e_2b3e1f323d22, "dsaop"),
    (0x82273fdc_e32a_18c3_3f78_827929dc23ea, "eventlog"),
    (0x86d35949_83c9_4044_b424_db363231fd0c, "ITaskSchedulerService"),
    (0x88143fd0_c28d_4b2b_8fef_8d882f6a9390, "TermSrvEnumeration"),
    (0x894de0c0_0d55_11d3_a322_00c04fa321a1, "InitShutdown"),
    (0x897e2e5f_93f3_4376_9c9c_fd2277495c27, "frstrans"),
    (0x8d0ffe72_d252_11d0_bf8f_00c04fd9126b, "keysvc"),
    (0x8d9f4e40_a03d_11ce_8f69_08003e30051b, "pnp"),
    (0x8f09f000_b7ed_11ce_bbd2_00001a181cad, "dimsvc"),
    (0x8fb6d884_2388_11d0_8c35_00c04fda2795, "w32time"),
    (0x91ae6020_9e3c_11cf_8d7c_00aa00c091be, "ICertPassage"),
    (0x93149ca2_973b_11d1_8c39_00c04fb984f9, "scesvc"),
    (0x9556dc99_828c_11cf_a37e_00aa003240c7, "IWbemServices"),
    (0x99fcfec4_5260_101b_bbcb_00aa0021347a, "IOXIDResolver"),
    (0xa4f1db00_ca47_1067_b31f_00dd010662da, "emsmdb"),
    (0xa8e0653c_2744_4389_a61d_7373df8b2292, "fsrvp"),
    (0xafa8bd80_7d8a_11c9_bef4_08002b102989, "mgmt"),
    (0xb9785960_524f_11df_8b6d_83dcded72085, "ISDKey"),
    (0xb97db8b2_4c63_11cf_bff6_08002be23f2f, "clusapi"),
    (0xc681d488_d850_11d0_8c52_00c04fd90f7e, "efsrpc"),
    (0xccd8c074_d0e5_4a40_92b4_d074faa6ba28, "witness"),
    (0xd4781cd6_e5d3_44df_ad94_930efe48a887, "IWbemLoginClientID"),
    (0xd95afe70_a6d5_4259_822e_2c84da1ddb0d, "WindowsShutdown"),
    (0xdea00001_6c97_11d1_8271_00a02442df7d, "pnio-device"),
    (0xdea00002_6c97_11d1_8271_00a02442df7d, "pnio-controller"),
    (0xdea00003_6c97_11d1_8271_00a02442df7d, "pnio-supervisor"),
    (0xdea00004_6c97_11d1_8271_00a02442df7d, "pnio-parameters"),
    (0xdf1941c5_fe89_4e79_bf10_463657acf44d, "efsrpc"),
    (0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, "epmapper"),
    (0xe3514235_4b06_11d1_ab04_00c04fc2dcd2, "drsuapi"),
    (0xf309ad18_d86a_11d0_a075_00c04fb68820, "IWbemLevel1Login"),
    (0xf5cc59b4_4264_101a_8c59_08002b2f8426, "frsrpc"),
    (0xf5cc5a18_4264_101a_8c59_08002b2f8426, "nspi"),
    (0xf6beaff7_1e19_4fbb_9f8f_b89e2018337c, "eventlog6"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn an_id_reads_in_either_byte_order_and_shows_as_everybody_writes_it() {
        let little = b"\x78\x57\x34\x12\x34\x12\xcd\xab\xef\x00\x01\x23\x45\x67\x89\xac";
        let uuid = Uuid::read(&mut Reader::new(little), true).unwrap();
        assert_eq!((uuid.name(), uuid.to_string().as_str()), (Some("samr"), "12345778-1234-abcd-ef00-0123456789ac"));
        let big = b"\x12\x34\x57\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\x89\xac";
        assert_eq!(Uuid::read(&mut Reader::new(big), false), Some(uuid));
    }
}
